import cookie from '@fastify/cookie';
import middie from '@fastify/middie';
import session from '@fastify/session';
import fastify, { type FastifyRequest } from 'fastify';
import { type Handler, toNodeHandler } from 'message-flow/backend';
import { expect, onTestFinished, test } from 'vitest';
import { createTestFlow, readAnswer, readClaims } from './fixture.ts';
import { logIn, postToken } from './listening.ts';

declare module 'fastify' {
  interface Session {
    user?: string;
  }
}

/** An app with Fastify's parsers and a hook that knows who asks. */
async function startApp(): Promise<string> {
  const { flow } = createTestFlow({
    authenticate: (_, native) =>
      (native as { user?: string }).user !== undefined && { user: (native as { user: string }).user },
  });
  flow.allow('project/:projectId', () => true);
  const app = fastify();
  app.decorateRequest('user', undefined);
  app.addHook('onRequest', async (request) => {
    Object.assign(request, { user: request.headers['x-user'] });
  });
  app.addHook('onSend', async (_, reply) => {
    reply.header('x-hook', 'ran');
  });
  app.all('/flow/*', toNodeHandler(flow.handler));
  app.get('/socket_auth_token', toNodeHandler(flow.handler));
  app.get('/elsewhere', toNodeHandler(flow.handler));
  onTestFinished(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

const ADA = { 'x-user': 'ada' };

test('Fastify issues tokens behind its parsers, and its hooks run', async () => {
  const origin = await startApp();
  const response = await postToken(`${origin}/flow/token`, { logs: ['channel/project/p1'] }, ADA);
  expect(response.status).toBe(200);
  expect(response.headers.get('x-hook')).toBe('ran');
  expect(readClaims((await readAnswer(response)).token)).toMatchObject({ sub: 'ada', logs: ['channel/project/p1'] });
});

test('Fastify gives the bare token to pages of 2016', async () => {
  const origin = await startApp();
  const response = await fetch(`${origin}/socket_auth_token`, { headers: ADA });
  expect(readClaims(await response.text())).toMatchObject({ sub: 'ada' });
});

test('Fastify says 401 when nobody is signed in', async () => {
  const origin = await startApp();
  expect((await postToken(`${origin}/flow/token`)).status).toBe(401);
  expect((await fetch(`${origin}/socket_auth_token`)).status).toBe(401);
});

test("Fastify says its own 404 to what is not the handler's", async () => {
  const origin = await startApp();
  const response = await fetch(`${origin}/elsewhere`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ message: 'Route GET:/elsewhere not found' });
});

test('Fastify hears of a handler that fails', async () => {
  const failing: Handler = Object.assign(() => Promise.reject(new Error('broken')), { matches: () => true });
  const app = fastify();
  app.setErrorHandler((error: Error, _, reply) => reply.code(500).send(`heard: ${error.message}`));
  app.get('/own', toNodeHandler(failing));
  onTestFinished(() => app.close());
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  expect(await (await fetch(`${origin}/own`)).text()).toBe('heard: broken');
});

test('Fastify takes it as middleware too, before its parsers', async () => {
  const { flow } = createTestFlow();
  const app = fastify();
  await app.register(middie);
  app.use(toNodeHandler(flow.handler));
  app.get('/own', async () => "the app's own");
  onTestFinished(() => app.close());
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  expect((await postToken(`${origin}/flow/token`)).status).toBe(200);
  expect(await (await fetch(`${origin}/own`)).text()).toBe("the app's own");
  expect((await fetch(`${origin}/nothing`)).status).toBe(404);
});

/** An app with Fastify's own sessions, whose routes, the flow's too, lie below a prefix. */
async function startAppWithSessions(): Promise<string> {
  const { flow } = createTestFlow({
    basePath: '/api/flow',
    authenticate: (_, native) => {
      const { session } = native as FastifyRequest;
      return session.user !== undefined && { user: session.user, session: session.sessionId };
    },
  });
  flow.allow('project/:projectId', ({ user }) => user === 'ada');
  const app = fastify();
  await app.register(cookie);
  await app.register(session, { secret: 'of the sessions, 32 bytes or more', cookie: { secure: false } });
  app.get('/socket_auth_token', toNodeHandler(flow.handler));
  await app.register(
    (api, _, done) => {
      api.post<{ Body: { user: string } }>('/login', async ({ session, body }) => {
        session.user = body.user;
        return {};
      });
      api.all('/flow/*', toNodeHandler(flow.handler));
      api.get('/own', async () => "the app's own");
      done();
    },
    { prefix: '/api' },
  );
  onTestFinished(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

test('Fastify issues tokens by its session, behind its body parser, below a prefix', async () => {
  const origin = await startAppWithSessions();
  const headers = await logIn(`${origin}/api/login`);
  const logs = ['channel/project/p1', 'channel/team/t/room/r'];
  const response = await postToken(`${origin}/api/flow/token`, { logs }, headers);
  expect(response.status).toBe(200);
  const { token, refused } = await readAnswer(response);
  expect(readClaims(token)).toMatchObject({ sub: 'ada', sid: expect.any(String), logs: ['channel/project/p1'] });
  expect(refused).toEqual(['channel/team/t/room/r']);
  const bare = await fetch(`${origin}/socket_auth_token`, { headers });
  expect(readClaims(await bare.text())).toMatchObject({ sub: 'ada' });
});

test('Fastify says 401 without a session, and goes on with its own routes below the prefix', async () => {
  const origin = await startAppWithSessions();
  expect((await postToken(`${origin}/api/flow/token`)).status).toBe(401);
  expect((await fetch(`${origin}/socket_auth_token`)).status).toBe(401);
  expect(await (await fetch(`${origin}/api/own`)).text()).toBe("the app's own");
  expect((await fetch(`${origin}/api/flow/nothing`)).status).toBe(404);
});
