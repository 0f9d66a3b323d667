import { createFlow } from 'message-flow/backend';
import { createBroker } from 'message-flow/broker';
import { contract, type } from 'message-flow/contract';
import { expect, onTestFinished, test } from 'vitest';
import { nodeClock } from '../../src/gateway/host/node-clock.ts';
import type { RawSocket } from '../gateway/raw-socket.ts';
import { startGateway, storyOf } from '../gateway/test-gateway.ts';
import { until } from '../support/until.ts';
import { openCutLine } from './cut-line.ts';
import { buildProxyProgram, createProxyUrl, startProxy } from './proxy-process.ts';

const LIMIT_MS = 120_000;
const events = { said: type<{ n: number }>() };

buildProxyProgram();

test(
  'what a backend sends reaches the screens at two gateways, in order, once, whatever line is cut',
  async () => {
    const url = createProxyUrl();
    await startProxy(url);
    const lines = [await openCutLine(url), await openCutLine(url), await openCutLine(url)];
    onTestFinished(async () => {
      for (const line of lines) await line.close();
    });
    const [backendUrl = '', ...gatewayUrls] = lines.map((line) => line.url);
    const flow = createFlow(contract({ events, channels: [] }), {
      broker: backendUrl,
      development: true,
      authenticate: () => null,
    });
    onTestFinished(() => flow.close());
    const gateways = await Promise.all(
      gatewayUrls.map((url) => startGateway({ broker: createBroker(url), clock: nodeClock })),
    );
    const screens = await Promise.all(gateways.map((gateway) => gateway.connect('ada')));
    const isLive = (screen: RawSocket) => storyOf(screen, 'user/ada').some((told) => told.startsWith('LIVE'));
    await until(() => screens.every(isLive), 'both screens to be live', LIMIT_MS);
    for (let n = 1; n <= 300; n++) {
      if (n % 50 === 0) for (const line of lines) line.cut();
      // While a line comes back a send may be `unavailable`: it is said again, with its key.
      const said = () =>
        flow
          .user('ada')
          .send('said', { n }, { key: `${n}` })
          .catch(() => undefined);
      await until(said, `number ${n} to be taken`, LIMIT_MS);
    }
    const heardBy = (screen: RawSocket) =>
      storyOf(screen, 'user/ada')
        .filter((told) => !told.startsWith('LIVE'))
        .map((told) => told.split(' ', 2).join(' '));
    await until(() => screens.every((screen) => heardBy(screen).length >= 300), 'all that was sent', LIMIT_MS);
    const all = Array.from({ length: 300 }, (_, i) => `entry ${i + 1}`);
    expect(screens.map(heardBy)).toEqual([all, all]);
  },
  LIMIT_MS,
);
