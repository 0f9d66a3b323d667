/** The smallest server there can be: plain Node; gateway and broker live in its process. Start: `node server.js` */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createFlow, toNodeHandler } from 'message-flow/backend';
import { contract, type } from 'message-flow/contract';
import { serveGateway } from 'message-flow/gateway';

const PAGE = readFileSync(new URL('index.html', import.meta.url), 'utf8');
/** No browser takes an import map from a file of its own, so the policy names the hash of the one in the page. */
const MAP_HASH = createHash('sha256').update(/<script type="importmap">(.*?)<\/script>/s.exec(PAGE)[1]);
const POLICY = `default-src 'none'; script-src 'self' 'sha256-${MAP_HASH.digest('base64')}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
const SCRIPTS = new Map([['/page.js', readFileSync(new URL('page.js', import.meta.url))]]);
const MODULES = new URL('../', import.meta.resolve('message-flow/client')); // the package's `dist`, as it was installed
for (const path of readdirSync(MODULES, { recursive: true })) {
  if (/^(client|contract|protocol)\/.*\.js$/.test(path))
    SCRIPTS.set(`/message-flow/${path}`, readFileSync(new URL(path, MODULES)));
}

const app = contract({ events: { 'TASK DONE': type() } });
const findUser = (cookies) => {
  const ticket = /(?:^|; )ticket=([\w-]{36})/.exec(cookies)?.[1]; // a login for show: who holds the ticket is that user
  return ticket && { user: createHash('sha256').update(ticket).digest('hex').slice(0, 16) };
};
const flow = createFlow(app, {
  broker: 'memory:',
  development: true, // for this machine only; elsewhere give `secret` and `single: true`
  authenticate: ({ headers }) => findUser(headers.get('cookie')),
});
const answerFlow = toNodeHandler(flow.handler);
const server = createServer((request, response) => answerFlow(request, response, () => answer(request, response)));
serveGateway(server, { broker: flow.broker, development: true });
server.listen(process.env.PORT ?? 5000, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));

function answer(request, response) {
  const { url, method, headers } = request;
  if (url === '/send' && method === 'POST') return take(request, response).catch(() => response.writeHead(400).end());
  if (SCRIPTS.has(url)) return response.setHeader('content-type', 'text/javascript').end(SCRIPTS.get(url));
  if (url !== '/') return response.writeHead(404).end();
  if (!findUser(headers.cookie)) response.setHeader('set-cookie', `ticket=${randomUUID()}; HttpOnly; SameSite=Lax`);
  response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY }).end(PAGE);
}

/** Answers at once. The result comes 2 to 3 seconds later over the WebSocket, to every tab of this user. */
async function take(request, response) {
  const { user } = findUser(request.headers.cookie) ?? {};
  if (!user) return response.writeHead(401).end();
  if (!(Number(request.headers['content-length']) <= 10_000)) return response.writeHead(413).end();
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const { message } = JSON.parse(body);
  response.end(JSON.stringify({ status: 'OK', data: 'Message submitted for processing' }));
  const waitMs = 2_000 + Math.random() * 1_000;
  const done = `Message processed, "${message}" in ${(waitMs / 1_000).toFixed(2)} seconds`;
  setTimeout(() => void flow.user(user).send('TASK DONE', done), waitMs);
}
