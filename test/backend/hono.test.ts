import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { getSignedCookie, setSignedCookie } from 'hono/cookie';
import { cloneRawRequest } from 'hono/request';
import { expect, test } from 'vitest';
import { createTestFlow, readAnswer, readClaims } from './fixture.ts';
import { listening, logIn, postToken } from './listening.ts';

/** An app that needs nothing of ours but the fetch handler. */
function startApp(): Promise<string> {
  const { flow } = createTestFlow({
    authenticate: (_, native) => {
      const user = (native as Context).req.header('x-user');
      return user !== undefined && { user };
    },
  });
  flow.allow('project/:projectId', () => true);
  const app = new Hono();
  app.use(async (context, next) => {
    if (!flow.handler.matches(context.req.path)) return next();
    return flow.handler(context.req.raw, context);
  });
  app.get('/own', (context) => context.text("the app's own"));
  return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server);
}

const ADA = { 'x-user': 'ada' };

test('Hono issues tokens', async () => {
  const origin = await startApp();
  const response = await postToken(`${origin}/flow/token`, { logs: ['channel/project/p1'] }, { ...ADA, origin });
  expect(response.status).toBe(200);
  expect(readClaims((await readAnswer(response)).token)).toMatchObject({ sub: 'ada', logs: ['channel/project/p1'] });
});

test('Hono gives the bare token to pages of 2016', async () => {
  const origin = await startApp();
  const response = await fetch(`${origin}/socket_auth_token`, { headers: ADA });
  expect(readClaims(await response.text())).toMatchObject({ sub: 'ada' });
});

test('Hono says 401 when nobody is signed in, and 403 to another origin', async () => {
  const origin = await startApp();
  expect((await postToken(`${origin}/flow/token`)).status).toBe(401);
  expect((await postToken(`${origin}/flow/token`, {}, { ...ADA, origin: 'http://evil.test' })).status).toBe(403);
});

test("Hono goes on with what is not the handler's own", async () => {
  const origin = await startApp();
  expect(await (await fetch(`${origin}/own`)).text()).toBe("the app's own");
  expect((await fetch(`${origin}/nothing`)).status).toBe(404);
});

const COOKIE_SECRET = 'of the sessions';

/** An app with a session in a signed cookie, and a body parser for all. `toRequest` gives what the flow's handler takes. */
function startAppWithSessions(toRequest: (context: Context) => Request | Promise<Request>) {
  const { flow, events } = createTestFlow({
    basePath: '/api/flow',
    authenticate: async (_, native) => {
      const user = await getSignedCookie(native as Context, COOKIE_SECRET, 'user');
      return typeof user === 'string' && { user };
    },
  });
  flow.allow('project/:projectId', ({ user }) => user === 'ada');
  const app = new Hono();
  app.use(async (context, next) => {
    if (context.req.method === 'POST') await context.req.json();
    await next();
  });
  const api = new Hono();
  api.post('/login', async (context) => {
    await setSignedCookie(context, 'user', (await context.req.json()).user, COOKIE_SECRET);
    return context.json({});
  });
  api.all('/flow/*', async (context) => flow.handler(await toRequest(context), context));
  api.get('/own', (context) => context.text("the app's own"));
  app.route('/api', api);
  return { events, origin: listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server) };
}

test('Hono issues tokens by a signed cookie, behind a body parser, below a prefix', async () => {
  const origin = await startAppWithSessions(({ req }) => cloneRawRequest(req)).origin;
  const headers = await logIn(`${origin}/api/login`);
  const logs = ['channel/project/p1', 'channel/team/t/room/r'];
  const response = await postToken(`${origin}/api/flow/token`, { logs }, headers);
  expect(response.status).toBe(200);
  const { token, refused } = await readAnswer(response);
  expect(readClaims(token)).toMatchObject({ sub: 'ada', logs: ['channel/project/p1'] });
  expect(refused).toEqual(['channel/team/t/room/r']);
});

test('Hono says 401 without its cookie, and with one that was forged', async () => {
  const origin = await startAppWithSessions(({ req }) => cloneRawRequest(req)).origin;
  expect((await postToken(`${origin}/api/flow/token`)).status).toBe(401);
  expect((await postToken(`${origin}/api/flow/token`, {}, { cookie: 'user=ada' })).status).toBe(401);
  expect(await (await fetch(`${origin}/api/own`)).text()).toBe("the app's own");
});

test('a request whose body a parser of Hono has read is a 500 that tells what to hand on', async () => {
  const { origin, events } = startAppWithSessions(({ req }) => req.raw);
  const headers = await logIn(`${await origin}/api/login`);
  expect((await postToken(`${await origin}/api/flow/token`, { logs: [] }, headers)).status).toBe(500);
  expect(events).toMatchObject([{ type: 'request-failed', error: { message: expect.stringContaining('a copy') } }]);
});

test("Hono takes the handler under a mount, which takes the mount's path off", async () => {
  const { flow } = createTestFlow();
  const app = new Hono();
  app.mount('/app', flow.handler, { optionHandler: (context) => context });
  const origin = await listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server);
  expect((await postToken(`${origin}/app/flow/token`, {}, { origin })).status).toBe(200);
  expect((await postToken(`${origin}/app/flow/token`, {}, { origin: 'http://evil.test' })).status).toBe(403);
  expect((await fetch(`${origin}/app/socket_auth_token`)).status).toBe(200);
});
