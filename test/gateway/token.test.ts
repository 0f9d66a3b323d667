import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { createMemoryBroker } from 'message-flow/broker';
import { expect, test } from 'vitest';
import type { TokenVerdict } from '../../src/gateway/claims.ts';
import { createTokenVerifier } from '../../src/gateway/token.ts';
import { authenticate, type Claims, OTHER_SECRET, SECRET, signToken, startGateway } from './test-gateway.ts';

const NOW_S = 1_800_000_000;
const NOW_MS = NOW_S * 1_000;
const NO_OLD_TOKENS = { dialects: [], unexpiringTokens: false };
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

function verify(token: string, epoch?: string, secrets = [SECRET]): Promise<TokenVerdict> {
  return createTokenVerifier(secrets, epoch, NO_OLD_TOKENS, () => NOW_MS)(token);
}

/** A token with this header and these claims, signed with HMAC SHA-256 unless told otherwise. */
function forge(header: unknown, claims: unknown, secret = SECRET, hash = 'sha256'): string {
  const body = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

const GOOD = { aud: 'message-flow', sub: 'ada', jti: 'j', iat: NOW_S, exp: NOW_S + 600, logs: [] };
const HS256 = { alg: 'HS256', typ: 'JWT' };

test('a good token gives its claims', async () => {
  const claims = { ...GOOD, sid: 's', logs: ['channel/a', 'store/b/c'] };
  expect(await verify(forge(HS256, claims))).toEqual({ claims });
});

test('both orders of the header that PyJWT ever wrote are good', async () => {
  for (const header of [HS256, { typ: 'JWT', alg: 'HS256' }, { alg: 'HS256' }]) {
    expect(await verify(forge(header, GOOD))).toHaveProperty('claims');
  }
});

test('times may have fractions', async () => {
  expect(await verify(forge(HS256, { ...GOOD, iat: NOW_S - 0.25, exp: NOW_S + 0.5 }))).toHaveProperty('claims');
});

test('a token without logs lists none', async () => {
  expect(await verify(forge(HS256, { ...GOOD, logs: undefined }))).toHaveProperty('claims.logs', []);
});

test.each<[string, Claims, string]>([
  ['is expired', { exp: NOW_S - 1, iat: NOW_S - 600 }, 'expired'],
  ['ends this very second', { exp: NOW_S }, 'expired'],
  ['has no exp', { exp: undefined }, 'wrong-claims'],
  ['has no iat', { iat: undefined }, 'wrong-claims'],
  ['has no jti', { jti: undefined }, 'wrong-claims'],
  ['has no sub', { sub: undefined }, 'wrong-claims'],
  ['has no aud', { aud: undefined }, 'wrong-claims'],
  ['lives for 1e300 seconds', { exp: 1e300 }, 'wrong-claims'],
  ['lives for more than a day', { exp: NOW_S + 86_401 }, 'wrong-claims'],
  ['was issued long ago for ever', { iat: 0 }, 'wrong-claims'],
  ['has an exp that is a text', { exp: String(NOW_S + 600) }, 'wrong-claims'],
  ['has an iat that is a text', { iat: String(NOW_S) }, 'wrong-claims'],
  ['was issued in the future', { iat: NOW_S + 6 }, 'not-yet-valid'],
  ['was issued in the future for ever', { iat: NOW_S + 6, exp: 1e300 }, 'wrong-claims'],
  ['is not yet valid', { nbf: NOW_S + 60 }, 'not-yet-valid'],
  ['has an nbf that is a text', { nbf: 'soon' }, 'wrong-claims'],
  ['is for another audience', { aud: 'admin' }, 'wrong-claims'],
  ['has a jti that is no text', { jti: 7 }, 'wrong-claims'],
  ['has a sub that is no text', { sub: 7 }, 'wrong-claims'],
  ['is for nobody', { sub: '' }, 'wrong-claims'],
  ['is for everyone', { sub: '*' }, 'wrong-claims'],
  ['is for half a surrogate pair', { sub: '\ud800' }, 'wrong-claims'],
  ['is for a user too long to name', { sub: '\u20ac'.repeat(22) }, 'wrong-claims'],
  ['has a session that is no text', { sid: 7 }, 'wrong-claims'],
  ['has logs that are no list', { logs: 'channel/a' }, 'wrong-claims'],
  ['lists what is no log', { logs: ['channel/a b'] }, 'wrong-claims'],
  ['lists a wildcard', { logs: ['channel/*'] }, 'wrong-claims'],
  ['lists 129 logs', { logs: Array.from({ length: 129 }, (_, i) => `channel/${i}`) }, 'wrong-claims'],
])('a token that %s is refused', async (_, claims, refusal) => {
  expect(await verify(forge(HS256, { ...GOOD, ...claims }))).toEqual({ refusal });
});

test.each<[string, string, string]>([
  ['nothing', '', 'malformed'],
  ['no token', 'hello', 'malformed'],
  ['two dots', '..', 'malformed'],
  ['alg none, unsigned', `${forge({ alg: 'none' }, GOOD).split('.', 2).join('.')}.`, 'malformed'],
  ['alg none, signed', forge({ alg: 'none' }, GOOD), 'malformed'],
  ['alg NoNe', forge({ alg: 'NoNe' }, GOOD), 'malformed'],
  ['no alg', forge({ typ: 'JWT' }, GOOD), 'malformed'],
  ['HS512 with our secret', forge({ alg: 'HS512' }, GOOD, SECRET, 'sha512'), 'malformed'],
  ['an empty signature', `${forge(HS256, GOOD).split('.', 2).join('.')}.`, 'wrong-signature'],
  ['another secret', forge(HS256, GOOD, OTHER_SECRET), 'wrong-signature'],
  ['a critical header that nobody knows', forge({ ...HS256, crit: ['x'], x: 1 }, GOOD), 'malformed'],
  [
    'a public key as secret',
    forge(HS256, GOOD, publicKey.export({ type: 'spki', format: 'pem' }) as string),
    'wrong-signature',
  ],
  ['a list as payload', forge(HS256, [GOOD]), 'malformed'],
])('%s is refused', async (_, token, refusal) => {
  expect(await verify(token)).toEqual({ refusal });
});

test('an RS256 token is refused', async () => {
  const token = await new SignJWT(GOOD).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  expect(await verify(token)).toEqual({ refusal: 'malformed' });
});

test('a key inside the header is not used', async () => {
  const jwk = { kty: 'oct', k: Buffer.from(OTHER_SECRET).toString('base64url') };
  for (const extra of [
    { jwk },
    { jku: 'http://127.0.0.1:9/keys' },
    { kid: '../../etc/passwd' },
    { x5u: 'http://127.0.0.1:9' },
  ]) {
    expect(await verify(forge({ ...HS256, ...extra }, GOOD, OTHER_SECRET))).toEqual({ refusal: 'wrong-signature' });
  }
});

test('a payload that was changed is refused', async () => {
  const [head, , signature] = forge(HS256, GOOD).split('.');
  const payload = Buffer.from(JSON.stringify({ ...GOOD, sub: 'bob' })).toString('base64url');
  expect(await verify(`${head}.${payload}.${signature}`)).toEqual({ refusal: 'wrong-signature' });
});

test('any of several secrets verifies', async () => {
  for (const secret of [SECRET, OTHER_SECRET]) {
    expect(await verify(forge(HS256, GOOD, secret), undefined, [SECRET, OTHER_SECRET])).toHaveProperty('claims');
  }
});

test('the refusal is of the token, not of the secret that did not sign it', async () => {
  const token = forge(HS256, { ...GOOD, exp: NOW_S - 1 }, OTHER_SECRET);
  expect(await verify(token, undefined, [SECRET, OTHER_SECRET])).toEqual({ refusal: 'expired' });
});

test("another memory broker's token is refused; one that names none, or meets an engine without epoch, is good", async () => {
  expect(await verify(forge(HS256, { ...GOOD, epoch: 'old' }), 'new')).toEqual({ refusal: 'wrong-epoch' });
  expect(await verify(forge(HS256, GOOD), 'new')).toHaveProperty('claims');
  expect(await verify(forge(HS256, { ...GOOD, epoch: 'old' }))).toHaveProperty('claims');
});

test('a token that was good is refused once it is expired, though it is remembered', async () => {
  let nowMs = NOW_MS;
  const remembering = createTokenVerifier([SECRET], undefined, NO_OLD_TOKENS, () => nowMs);
  const token = forge(HS256, GOOD);
  expect(await remembering(token)).toHaveProperty('claims');
  nowMs += 600_000;
  expect(await remembering(token)).toEqual({ refusal: 'expired' });
});

test('the length is looked at before anything else: a good token of 16,384 bytes passes, one that is longer does not', async () => {
  const sizeOf = (token: string) => Buffer.byteLength(token);
  const padded = (count: number) => forge(HS256, { ...GOOD, x: 'x'.repeat(count) });
  let count = 12_000;
  while (sizeOf(padded(count + 1)) <= 16_384) count++;
  expect(await verify(padded(count))).toHaveProperty('claims');
  // Its signature is as good: whoever had looked at more than the length would have taken it.
  expect(await verify(padded(count + 1))).toEqual({ refusal: 'malformed' });
});

test('on the wire, each refusal is an AUTH FAILED with its reason, and the connection stays', async () => {
  const { open } = await startGateway({ broker: createMemoryBroker({ epoch: 'here' }) });
  const socket = await open();
  authenticate(socket, await signToken({ exp: 1 }));
  await socket.text((text) => text === '{"id":"AUTH FAILED","data":{"reason":"expired"}}', 'expired');
  socket.send(await signToken({ epoch: 'there' }));
  await socket.text((text) => text === '{"id":"AUTH FAILED","data":{"reason":"wrong-epoch"}}', 'wrong-epoch');
  authenticate(socket, await signToken({ epoch: 'here' }));
  await socket.text((text) => text.startsWith('{"id":"AUTH OK"'), 'AUTH OK');
});

test('no token, secret or key is in what a gateway reports', async () => {
  const { open, post, events } = await startGateway();
  const socket = await open();
  const tokens = [await signToken(), 'a-secret-looking-text'];
  for (const token of tokens) authenticate(socket, token);
  await socket.text((text) => text.includes('AUTH FAILED'), 'AUTH FAILED');
  await post('publish', '{"user":"ada","id":"x","data":"private"}', { authorization: 'Bearer wrong-publish-key' });
  const told = JSON.stringify(events);
  for (const secret of [...tokens, SECRET, 'private', 'wrong-publish-key']) expect(told).not.toContain(secret);
});
