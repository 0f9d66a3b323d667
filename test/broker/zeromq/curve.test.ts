import { expect, test } from 'vitest';
import { deriveCurveKeys, encodeZ85 } from '../../../src/broker/zeromq/curve.ts';

test('Z85 is that of its specification', () => {
  // ZeroMQ RFC 32 has this example.
  expect(encodeZ85(Buffer.from('864fd26fb559f75b', 'hex'))).toBe('HelloWorld');
});

test('the keys of both sides follow from the secret alone, and differ', () => {
  const keys = deriveCurveKeys('a secret', 'proxy');
  expect(deriveCurveKeys('a secret', 'proxy')).toEqual(keys);
  const others = [deriveCurveKeys('a secret', 'peer'), deriveCurveKeys('another secret', 'proxy')];
  const all = [keys, ...others].flatMap(({ publicKey, secretKey }) => [publicKey, secretKey]);
  expect(new Set(all).size).toBe(6);
  expect(all.filter((key) => key.length !== 40)).toEqual([]);
});
