import { createMemoryBroker } from 'message-flow/broker';
import { DIALECTS, type DialectName, getDialect } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import type { TokenVerdict } from '../../src/gateway/claims.ts';
import { resolveOptions } from '../../src/gateway/options.ts';
import { createTokenVerifier } from '../../src/gateway/token.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { OLD_HEADERS, signOldToken } from '../support/old-token.ts';
import { OTHER_SECRET, SECRET, signToken } from './test-gateway.ts';

const NOW_S = 1_800_000_000;
const NOW_MS = NOW_S * 1_000;
const DAY_S = 86_400;
const ALL: readonly DialectName[] = DIALECTS.map(({ name }) => name);

interface Accepting {
  readonly dialects?: readonly DialectName[];
  readonly unexpiringTokens?: boolean;
}

function verify(token: string, { dialects = ALL, unexpiringTokens = true }: Accepting = {}): Promise<TokenVerdict> {
  const old = { dialects: dialects.map(getDialect), unexpiringTokens };
  return createTokenVerifier([OTHER_SECRET, SECRET], undefined, old, () => NOW_MS)(token);
}

test.each(OLD_HEADERS)('a token of 2016 is good, with the header %j', async (header) => {
  expect(await verify(signOldToken({ username: 'test1@myservice.org' }, SECRET, { header }))).toEqual({
    claims: { sub: 'test1@myservice.org', iat: 0, exp: Number.POSITIVE_INFINITY, logs: [] },
    dialect: getDialect('2016'),
  });
});

test("a token of today's is good, and counts as issued a day before its end", async () => {
  expect(await verify(signOldToken({ user_id: '12', exp: NOW_S + 900 }, SECRET))).toEqual({
    claims: { sub: '12', iat: NOW_S + 900 - DAY_S, exp: NOW_S + 900, logs: [] },
    dialect: getDialect('2020'),
  });
});

test('a token that says when it was issued counts as issued then', async () => {
  const verdict = await verify(signOldToken({ user_id: '12', iat: NOW_S - 5, exp: NOW_S + 900 }, SECRET));
  expect(verdict).toHaveProperty('claims.iat', NOW_S - 5);
});

test.each<[string, object, Accepting, string]>([
  ['2016', { username: 'ada', exp: NOW_S + 1 }, { dialects: ['2016', '2017', '2020'] }, '2016'],
  ['2017, listed first', { username: 'ada', exp: NOW_S + 1 }, { dialects: ['2017', '2016'] }, '2017'],
  ['2020, the only one with its claim', { user_id: 'ada', exp: NOW_S + 1 }, { dialects: ['2016', '2020'] }, '2020'],
  ['the first listed, if it has both claims', { username: 'a', user_id: 'b' }, { dialects: ['2020', '2016'] }, '2020'],
])('a token speaks %s', async (_, claims, accepting, name) => {
  expect(await verify(signOldToken(claims, SECRET), accepting)).toHaveProperty('dialect.name', name);
});

test('a token of ours speaks the first that is listed, and keeps its claims', async () => {
  const token = await signToken({ sub: 'ada' }, SECRET, NOW_MS);
  expect(await verify(token, { dialects: ['2017', '2020'] })).toMatchObject({
    claims: { aud: 'message-flow', sub: 'ada' },
    dialect: { name: '2017' },
  });
});

test.each<[string, object, Accepting, string]>([
  ['no dialect is listed', { username: 'ada' }, { dialects: [] }, 'wrong-claims'],
  ['only dialects with another claim are', { username: 'ada' }, { dialects: ['2020'] }, 'wrong-claims'],
  ['it has no end, and such are not taken', { username: 'ada' }, { unexpiringTokens: false }, 'wrong-claims'],
  ['it has ended', { username: 'ada', exp: NOW_S }, {}, 'expired'],
  ['it is not yet good', { username: 'ada', nbf: NOW_S + 60 }, {}, 'not-yet-valid'],
  ['it comes from the future', { username: 'ada', iat: NOW_S + 6 }, {}, 'not-yet-valid'],
  ['it lasts for more than a day', { username: 'ada', exp: NOW_S + DAY_S + 6 }, {}, 'wrong-claims'],
  [
    'it lasts for more than a day since it was issued',
    { username: 'a', iat: NOW_S - DAY_S, exp: NOW_S + 1 },
    {},
    'wrong-claims',
  ],
  ['its end is no number', { username: 'ada', exp: '7' }, {}, 'wrong-claims'],
  ['it was issued at no time', { username: 'ada', iat: '7' }, {}, 'wrong-claims'],
  ['it was made for an audience', { username: 'ada', aud: 'admin' }, {}, 'wrong-claims'],
  ['it was made for ours', { username: 'ada', aud: 'message-flow' }, {}, 'wrong-claims'],
  ['it is for nobody', { username: '' }, {}, 'wrong-claims'],
  ['it is for null', { username: null }, {}, 'wrong-claims'],
  ['it is for everyone', { username: '*' }, {}, 'wrong-claims'],
  ['it is for a number', { user_id: 7 }, {}, 'wrong-claims'],
  ['it is for a list', { user_id: ['ada'] }, {}, 'wrong-claims'],
  ['it is for half a surrogate pair', { user_id: '\ud800' }, {}, 'wrong-claims'],
  ['it is for an inherited name', { ['__proto__']: 'ada', toString: 'ada' }, {}, 'wrong-claims'],
  ['it names nobody', {}, {}, 'wrong-claims'],
])('a token is refused when %s', async (_, claims, accepting, refusal) => {
  expect(await verify(signOldToken(claims, SECRET), accepting)).toEqual({ refusal });
});

test('an end beyond all numbers is no way round the day', async () => {
  const signed = signOldToken('{"username":"ada","exp":1e999}', SECRET);
  expect(await verify(signed)).toEqual({ refusal: 'wrong-claims' });
});

test.each([
  ['HS512', { header: { alg: 'HS512', typ: 'JWT' }, hash: 'sha512' }, 'malformed'],
  ['no algorithm', { header: { alg: 'none', typ: 'JWT' } }, 'malformed'],
])('a token signed with %s is refused', async (_, making, refusal) => {
  expect(await verify(signOldToken({ username: 'ada' }, SECRET, making))).toEqual({ refusal });
});

test('a token signed with another secret is refused', async () => {
  expect(await verify(signOldToken({ username: 'ada' }, `${SECRET}!`))).toEqual({ refusal: 'wrong-signature' });
});

test('what old pages send when they have no token is refused', async () => {
  expect(await verify('no_auth_token_user bad_token')).toEqual({ refusal: 'malformed' });
});

test('tokens without an end are for older peers alone', () => {
  const open = () =>
    resolveOptions({ broker: createMemoryBroker(), secret: SECRET, unexpiringTokens: true }, createFakeClock(), 'g');
  expect(open).toThrow(
    'Cannot open the gateway: unexpiringTokens is for tokens of older peers. List their dialects, or leave it out',
  );
});

test('a dialect that nobody speaks is refused at the start', () => {
  const options = { broker: createMemoryBroker(), secret: SECRET, dialects: ['2015' as DialectName] };
  expect(() => resolveOptions(options, createFakeClock(), 'g')).toThrow('there are 2016, 2017, 2020');
});
