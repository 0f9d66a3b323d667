import { randomUUID } from 'node:crypto';
import express from 'express';
import session from 'express-session';
import { writeReport } from './report.js';

const reports = new Map();

const web = express();
web.use(express.json());
web.use(session({ secret: 'only for development', resave: false, saveUninitialized: false }));
web.use(express.static('public'));

web.post('/sign-in', (request, response) => {
  request.session.user = request.body.name;
  response.json({ user: request.session.user });
});

web.post('/reports', (request, response) => {
  const { user } = request.session;
  if (!user) return response.status(401).json({ error: 'Sign in first' });
  const id = randomUUID();
  reports.set(id, { user, state: 'running' });
  void produce(id, user, request.body.title);
  response.status(202).json({ id });
});

web.get('/reports/:id', (request, response) => {
  const report = reports.get(request.params.id);
  if (report?.user !== request.session.user) return response.status(404).json({ error: 'There is no such report' });
  response.json(report);
});

async function produce(id, user, title) {
  const text = await writeReport(title);
  reports.set(id, { user, state: 'done', text });
}

web.listen(process.env.PORT ?? 3000, '127.0.0.1', function () {
  console.log(`Listening on http://127.0.0.1:${this.address().port}`);
});
