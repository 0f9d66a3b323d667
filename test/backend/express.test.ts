import { createServer } from 'node:http';
import express from 'express';
import session from 'express-session';
import { toNodeHandler } from 'message-flow/backend';
import { expect, test } from 'vitest';
import { createTestFlow, readAnswer, readClaims } from './fixture.ts';
import { listening, logIn, postToken } from './listening.ts';

declare module 'express-session' {
  interface SessionData {
    user: string;
  }
}

/** An app as people write it: a body parser and sessions for all, the flow under a mount. */
async function startApp(): Promise<string> {
  const { flow } = createTestFlow({
    basePath: '/api/flow',
    authenticate: (_, native) => {
      const { session, sessionID } = native as express.Request;
      return session.user !== undefined && { user: session.user, session: sessionID };
    },
  });
  flow.allow('project/:projectId', ({ user }) => user === 'ada');
  const app = express();
  app.use(express.json());
  app.use(session({ secret: 'of the sessions', resave: false, saveUninitialized: false }));
  app.post('/login', (request, response) => {
    request.session.user = request.body.user;
    response.json({});
  });
  app.use('/api', toNodeHandler(flow.handler));
  app.get('/socket_auth_token', toNodeHandler(flow.handler));
  app.get('/api/own', (_, response) => {
    response.send("the app's own");
  });
  return listening(createServer(app));
}

test('Express issues tokens by its session, behind its body parser, under a mount', async () => {
  const origin = await startApp();
  const logs = ['channel/project/p1', 'channel/team/t/room/r'];
  const response = await postToken(`${origin}/api/flow/token`, { logs }, await logIn(`${origin}/login`));
  expect(response.status).toBe(200);
  const { token, refused } = await readAnswer(response);
  expect(readClaims(token)).toMatchObject({ sub: 'ada', sid: expect.any(String), logs: ['channel/project/p1'] });
  expect(refused).toEqual(['channel/team/t/room/r']);
});

test('Express gives the bare token to pages of 2016', async () => {
  const origin = await startApp();
  const response = await fetch(`${origin}/socket_auth_token`, { headers: await logIn(`${origin}/login`) });
  expect(readClaims(await response.text())).toMatchObject({ sub: 'ada' });
});

test('Express says 401 without a session', async () => {
  const origin = await startApp();
  expect((await postToken(`${origin}/api/flow/token`)).status).toBe(401);
  expect((await fetch(`${origin}/socket_auth_token`)).status).toBe(401);
});

test("Express goes on with what is not the handler's own", async () => {
  const origin = await startApp();
  expect(await (await fetch(`${origin}/api/own`)).text()).toBe("the app's own");
  expect((await fetch(`${origin}/api/nothing`)).status).toBe(404);
});

test('a mount may also be taken off: the path below it is tried next', async () => {
  const { flow } = createTestFlow();
  const app = express().use('/app', toNodeHandler(flow.handler));
  const origin = await listening(createServer(app));
  expect((await postToken(`${origin}/app/flow/token`)).status).toBe(200);
  expect((await fetch(`${origin}/app/socket_auth_token`)).status).toBe(200);
});
