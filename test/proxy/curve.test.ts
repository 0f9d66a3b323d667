import { type Broker, createBroker } from 'message-flow/broker';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { deriveCurveKeys, loadZeromq } from '../../src/broker/zeromq/index.ts';
import { until } from '../support/until.ts';
import { buildProxyProgram, startProxyAtPort } from './proxy-process.ts';

const SECRET = 'a-secret-of-the-tests-of-more-than-32-bytes';
const LOG = 'channel/a' as LogName;
const LIMIT_MS = 120_000;

buildProxyProgram();

test('who has the secret of a proxy is served', { timeout: LIMIT_MS }, async () => {
  const broker = connect(await startProxyAtPort(SECRET));
  const heard: string[] = [];
  await broker.tail(LOG, ({ key }) => void heard.push(key));
  await broker.append(LOG, { key: 'a', event: 'said', data: '1' as EncodedJson });
  await until(() => heard.includes('a'), 'the entry', LIMIT_MS);
  expect(await until(async () => (await broker.health()).ok, 'health', LIMIT_MS)).toBe(true);
});

test.each([
  ['another secret', SECRET.replace('a-secret', 'b-secret')],
  ['no secret', ''],
])(
  'who has %s is not, and is told why',
  async (_, secret) => {
    const url = await startProxyAtPort(SECRET);
    const broker = connect(url.replace(/:\/\/.*@/, secret === '' ? '://' : `://:${secret}@`));
    const isTold = async () => {
      const { ok, reason = '' } = await broker.health();
      expect([ok, /a-secret|b-secret/.test(reason)]).toEqual([false, false]);
      return reason.includes('is the secret the same on both sides?');
    };
    await until(isTold, 'the broker to say so', LIMIT_MS);
  },
  LIMIT_MS,
);

test('who knows the key of a proxy alone, and has none of its own, is not let in', { timeout: LIMIT_MS }, async () => {
  const url = await startProxyAtPort(SECRET);
  const { Dealer, curveKeyPair } = loadZeromq();
  const { publicKey, secretKey } = curveKeyPair();
  const stranger = new Dealer({
    linger: 0,
    curveServerKey: deriveCurveKeys(SECRET, 'proxy').publicKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
  });
  onTestFinished(() => stranger.close());
  stranger.connect(`tcp://${new URL(url).host}`);
  for (;;) {
    const { type } = await stranger.events.receive();
    expect(type).not.toBe('handshake');
    if (type === 'handshake:error:auth') break;
  }
});

function connect(url: string): Broker {
  const broker = createBroker(url);
  onTestFinished(() => broker.close());
  return broker;
}
