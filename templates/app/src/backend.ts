import type { Server } from 'node:http';
import express from 'express';
import { createFlow, type FlowEvent, toNodeHandler } from 'message-flow/backend';
import { serveGateway } from 'message-flow/gateway';
import { app } from './contract.ts';
import { setRules } from './rules.ts';
import { findUser, signIn } from './sign-in.ts';

/** Without a secret this is for your own machine only, and nobody else is let in. */
const { FLOW_BROKER: broker = 'memory:', FLOW_SECRET: secret } = process.env;
const trust = { secret, development: secret === undefined };

export function createBackend(server: Server) {
  const authenticate = ({ headers }: Request) => findUser(headers.get('cookie'));
  const onEvent = (event: FlowEvent) => console.error(event); // what went wrong; a flow prints nothing itself
  const flow = createFlow(app, { ...trust, broker, single: true, authenticate, onEvent });
  const gateway = serveGateway(server, { ...trust, broker: flow.broker });
  setRules(flow);

  const web = express();
  web.use(signIn, toNodeHandler(flow.handler), toNodeHandler(gateway.handler));
  web.post('/report', ({ headers }, response) => {
    const me = findUser(headers.cookie);
    if (!me) return void response.sendStatus(401);
    response.sendStatus(202); // at once; the result when it is there
    void flow.channel('team/:team', { team: 'tea' }).send('report/ordered', { by: me.user });
    setTimeout(() => void flow.user(me.user).send('report/done', { text: 'Your report is ready' }), 2_000);
  });

  async function close(): Promise<void> {
    await gateway.close();
    await flow.close();
  }

  return { web, close };
}
