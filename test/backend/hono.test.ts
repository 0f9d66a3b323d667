import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { expect, test } from 'vitest';
import { createTestFlow, readAnswer, readClaims } from './fixture.ts';
import { listening, postToken } from './listening.ts';

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
