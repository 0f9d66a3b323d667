/** The built app: `npm run build`, then `npm start`. */
import { createServer } from 'node:http';
import express from 'express';
import { createBackend } from './src/backend.ts';

const { HOST = '127.0.0.1', PORT = '5000' } = process.env;
const web = express();
const server = createServer(web);
const backend = createBackend(server);
web.use(backend.web, express.static('dist/page'));
server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${PORT}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await backend.close(); // pages come back by themselves, when somebody is there again
    server.close();
  });
}
