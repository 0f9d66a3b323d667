import { jwtVerify } from 'jose';
import { createClaims, signToken } from 'message-flow/backend';
import { EVERYONE, TOKEN_AUDIENCE } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { SECRET } from './fixture.ts';

const subject = { user: 'ada', issuedAtMs: 1_700_000_000_123, lifetimeMs: 600_000 };

test('a token is a JWT that the secret verifies and another does not', async () => {
  const token = await signToken(createClaims({ ...subject, issuedAtMs: Date.now() }), SECRET);
  const verify = (secret: string) =>
    jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'], audience: TOKEN_AUDIENCE });
  const { payload, protectedHeader } = await verify(SECRET);
  expect(protectedHeader.alg).toBe('HS256');
  expect(payload.sub).toBe('ada');
  await expect(verify(`${SECRET}!`)).rejects.toThrow();
});

test('times are seconds that keep their milliseconds', () => {
  expect(createClaims(subject)).toMatchObject({ iat: 1_700_000_000.123, exp: 1_700_000_600.123 });
});

test('what is not known is left out', () => {
  expect(Object.keys(createClaims(subject)).sort()).toEqual(['aud', 'exp', 'iat', 'jti', 'logs', 'sub']);
  expect(createClaims({ ...subject, session: 's', epoch: 'e', logs: [EVERYONE] })).toMatchObject({
    sid: 's',
    epoch: 'e',
    logs: [EVERYONE],
  });
});

test('every token has an id of its own', () => {
  expect(createClaims(subject).jti).not.toBe(createClaims(subject).jti);
});
