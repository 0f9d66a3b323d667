import { describe, expect, test } from 'vitest';
import { askToken, createTestFlow, readClaims, readErrorCode } from './fixture.ts';

function getBareToken(flow: ReturnType<typeof createTestFlow>['flow'], headers: Record<string, string> = {}) {
  return flow.handler(new Request('http://app.test/socket_auth_token', { headers }));
}

describe('the handler', () => {
  test.each([
    ['/flow/token', true],
    ['/flow/anything', true],
    ['/socket_auth_token', true],
    ['/flow', false],
    ['/flowers', false],
    ['/', false],
    ['/socket_auth_token/more', false],
  ])('says of %s that it is its own: %o', (pathname, isOwn) => {
    expect(createTestFlow().flow.handler.matches(pathname)).toBe(isOwn);
  });

  test('moves with basePath', async () => {
    const { flow } = createTestFlow({ basePath: '/api/flow' });
    expect(flow.handler.matches('/api/flow/token')).toBe(true);
    expect(flow.handler.matches('/flow/token')).toBe(false);
    expect((await askToken(flow)).status).toBe(404);
  });

  test('answers what it does not know with 404', async () => {
    const { flow } = createTestFlow();
    const response = await flow.handler(new Request('http://app.test/flow/nothing'));
    expect(response.status).toBe(404);
    expect(await readErrorCode(response)).toBe('not-found');
  });

  test.each([
    ['GET', '/flow/token', 'POST'],
    ['OPTIONS', '/flow/token', 'POST'],
    ['POST', '/socket_auth_token', 'GET'],
  ])('answers %s %s with 405 and what it allows', async (method, path, allowed) => {
    const { flow } = createTestFlow();
    const response = await flow.handler(new Request(`http://app.test${path}`, { method }));
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
  });

  test('lets nothing be kept by a cache', async () => {
    const { flow } = createTestFlow();
    const responses = await Promise.all([
      askToken(flow),
      askToken(flow, 'no JSON'),
      getBareToken(flow),
      flow.handler(new Request('http://app.test/flow/nothing')),
    ]);
    expect(responses.map(({ status }) => status)).toEqual([200, 400, 200, 404]);
    expect(responses.map(({ headers }) => headers.get('cache-control'))).toEqual(Array(4).fill('no-store'));
  });

  test('answers a body that somebody has read with 500, and reports it', async () => {
    const { flow, events } = createTestFlow();
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://app.test/flow/token', { method: 'POST', headers, body: '{}' });
    await request.text();
    expect((await flow.handler(request)).status).toBe(500);
    expect(events.map(({ type }) => type)).toEqual(['request-failed']);
  });
});

describe('a body', () => {
  test.each(['{', '[]', '"text"', 'null', '{"logs": "everyone"}', '{"logs": [1]}'])('of %s is a 400', async (body) => {
    const { flow } = createTestFlow();
    const response = await askToken(flow, body);
    expect(response.status).toBe(400);
    expect(await readErrorCode(response)).toBe('invalid-request');
  });

  test('that is not UTF-8 is a 400', async () => {
    const { flow } = createTestFlow();
    const headers = { 'content-type': 'application/json' };
    const body = new Uint8Array([...new TextEncoder().encode('{"logs": ["'), 0xff, ...new TextEncoder().encode('"]}')]);
    expect(
      (await flow.handler(new Request('http://app.test/flow/token', { method: 'POST', headers, body }))).status,
    ).toBe(400);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'of type "%s" is a 415',
    async (type) => {
      const { flow } = createTestFlow();
      expect((await askToken(flow, '{}', { 'content-type': type })).status).toBe(415);
    },
  );

  test('with a charset is JSON', async () => {
    const { flow } = createTestFlow();
    expect((await askToken(flow, '{}', { 'content-type': 'Application/JSON ; charset=utf-8' })).status).toBe(200);
  });

  test('over 64 KiB is a 413, announced or not', async () => {
    const { flow } = createTestFlow();
    const body = JSON.stringify({ logs: [], more: 'x'.repeat(65_536) });
    expect((await askToken(flow, body)).status).toBe(413);
    expect((await askToken(flow, '{}', { 'content-length': '65537' })).status).toBe(413);
  });
});

describe('a request', () => {
  const HOST = { host: 'app.test' };
  const cases: [claim: string, headers: Record<string, string>, status: number][] = [
    ['of the same origin', { 'sec-fetch-site': 'same-origin' }, 200],
    ['of the user', { 'sec-fetch-site': 'none' }, 200],
    ['of the same site', { 'sec-fetch-site': 'same-site' }, 403],
    ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of another site that claims our origin', { 'sec-fetch-site': 'cross-site', origin: 'http://app.test' }, 403],
    ['of no browser', {}, 200],
    ['with our origin alone', { origin: 'http://app.test' }, 200],
    ['with our origin over TLS, which a proxy ended', { origin: 'https://app.test' }, 200],
    ['with our origin and its default port', { host: 'app.test:443', origin: 'https://app.test' }, 200],
    ['with our host and another port', { origin: 'http://app.test:8080' }, 403],
    ['with another origin', { origin: 'http://evil.test' }, 403],
    ['with an origin that only begins like ours', { origin: 'http://app.test.evil.test' }, 403],
    ['with a sandboxed origin', { origin: 'null' }, 403],
  ];

  test.each(cases)('%s: %o is answered with %i', async (_, headers, status) => {
    const { flow } = createTestFlow();
    const all = { ...HOST, 'content-type': 'application/json', ...headers };
    const request = new Request('http://app.test/flow/token', { method: 'POST', headers: all });
    expect((await flow.handler(request)).status).toBe(status);
  });

  test('of another site is refused before anybody is asked who it is', async () => {
    let askedCount = 0;
    const { flow } = createTestFlow({
      authenticate: () => {
        askedCount++;
        return null;
      },
    });
    await askToken(flow, '{}', { 'sec-fetch-site': 'cross-site' });
    expect(askedCount).toBe(0);
  });
});

describe('GET /socket_auth_token', () => {
  test('is the bare token as plain text', async () => {
    const { flow } = createTestFlow();
    const response = await getBareToken(flow);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(readClaims(await response.text())).toMatchObject({ sub: 'ada', logs: [] });
  });

  test('is a 401 when nobody is signed in', async () => {
    const { flow } = createTestFlow({ authenticate: () => null });
    expect((await getBareToken(flow)).status).toBe(401);
  });

  test('is a 403 for another site', async () => {
    const { flow } = createTestFlow();
    expect((await getBareToken(flow, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await getBareToken(flow, { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  test('needs no broker', async () => {
    const { flow } = createTestFlow();
    await flow.broker.close();
    expect((await getBareToken(flow)).status).toBe(200);
  });
});
