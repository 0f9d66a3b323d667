import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Handler, toNodeHandler } from 'message-flow/backend';
import { describe, expect, test } from 'vitest';
import { createTestFlow, readAnswer, readClaims } from './fixture.ts';
import { listening, postToken } from './listening.ts';

/** A handler for every path below /own, that says what it got. */
function createEcho(answer: (request: Request) => Promise<Response> | Response): Handler {
  return Object.assign(async (request: Request) => answer(request), {
    matches: (pathname: string) => pathname.startsWith('/own'),
  });
}

function serve(listener: RequestListener): Promise<string> {
  return listening(createServer(listener));
}

/** What a server answers to bytes that no HTTP client would send. */
async function exchange(origin: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('a plain Node server', () => {
  test('issues tokens', async () => {
    const { flow } = createTestFlow({ authenticate: (request) => ({ user: request.headers.get('x-user') ?? '' }) });
    flow.allow('project/:projectId', () => true);
    const origin = await serve(toNodeHandler(flow.handler));
    const response = await postToken(`${origin}/flow/token?x=1`, { logs: ['channel/project/p1'] }, { 'x-user': 'ada' });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(readClaims((await readAnswer(response)).token)).toMatchObject({ sub: 'ada', logs: ['channel/project/p1'] });
    const bare = await fetch(`${origin}/socket_auth_token`, { headers: { 'x-user': 'ada' } });
    expect(readClaims(await bare.text())).toMatchObject({ sub: 'ada' });
  });

  test('says 401 when nobody is signed in', async () => {
    const { flow } = createTestFlow({ authenticate: () => null });
    const origin = await serve(toNodeHandler(flow.handler));
    expect((await postToken(`${origin}/flow/token`)).status).toBe(401);
    expect((await fetch(`${origin}/socket_auth_token`)).status).toBe(401);
  });

  test("says 404 to what is not the handler's own", async () => {
    const origin = await serve(toNodeHandler(createTestFlow().flow.handler));
    const response = await fetch(`${origin}/index.html`);
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  test('sees the host that the client named, so that origins can be compared', async () => {
    const origin = await serve(toNodeHandler(createTestFlow().flow.handler));
    expect((await postToken(`${origin}/flow/token`, {}, { origin })).status).toBe(200);
    expect((await postToken(`${origin}/flow/token`, {}, { origin: 'http://evil.test' })).status).toBe(403);
  });

  test('hands over method, path, query, headers and body, and hands back status, headers and body', async () => {
    const handler = createEcho(async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = `${request.method} ${pathname}${search} ${request.headers.get('x-in')} ${await request.text()}`;
      const headers = new Headers({ 'x-out': 'out' });
      headers.append('set-cookie', 'a=1');
      headers.append('set-cookie', 'b=2');
      return new Response(body, { status: 201, headers });
    });
    const origin = await serve(toNodeHandler(handler));
    const response = await fetch(`${origin}/own/x?y=1`, { method: 'PUT', headers: { 'x-in': 'in' }, body: 'bödy' });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-out')).toBe('out');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('PUT /own/x?y=1 in bödy');
  });
});

describe('a plain Node server with an app around it', () => {
  /** Parses bodies, keeps its session in a cookie, and takes its prefix off, with or without a note of the whole path. */
  function startApp(isNoted: boolean): Promise<string> {
    const sessions = new Map([['s1', 'ada']]);
    const { flow } = createTestFlow({
      authenticate: (_, native) => {
        const [, id = ''] = /(?:^|; )sid=(\w+)/.exec((native as IncomingMessage).headers.cookie ?? '') ?? [];
        const user = sessions.get(id);
        return user !== undefined && { user, session: id };
      },
    });
    flow.allow('project/:projectId', ({ user }) => user === 'ada');
    const handle = toNodeHandler(flow.handler);
    return serve(async (request, response) => {
      const body = await text(request);
      const parsed = body === '' ? {} : { body: JSON.parse(body) };
      const { url = '' } = request;
      if (!url.startsWith('/app/')) return void response.writeHead(404).end();
      Object.assign(request, parsed, { url: url.slice('/app'.length) }, isNoted && { originalUrl: url });
      await handle(request, response, () => response.end("the app's own"));
    });
  }

  test.each([true, false])(
    'issues tokens by its session, behind its parser, below its prefix; noted: %s',
    async (isNoted) => {
      const origin = await startApp(isNoted);
      const logs = ['channel/project/p1', 'channel/team/t/room/r'];
      const response = await postToken(`${origin}/app/flow/token?x=1`, { logs }, { cookie: 'a=b; sid=s1' });
      expect(response.status).toBe(200);
      const { token, refused } = await readAnswer(response);
      expect(readClaims(token)).toMatchObject({ sub: 'ada', sid: 's1', logs: ['channel/project/p1'] });
      expect(refused).toEqual(['channel/team/t/room/r']);
    },
  );

  test('says 401 without a session, and goes on with its own', async () => {
    const origin = await startApp(true);
    expect((await postToken(`${origin}/app/flow/token`)).status).toBe(401);
    expect((await postToken(`${origin}/app/flow/token`, {}, { cookie: 'sid=s2' })).status).toBe(401);
    expect(await (await fetch(`${origin}/app/own`)).text()).toBe("the app's own");
  });
});

describe('a body', () => {
  test('over maxBodyBytes is a 413, announced or not', async () => {
    const handler = createEcho(async (request) => new Response(await request.text()));
    const origin = await serve(toNodeHandler(handler, { maxBodyBytes: 10 }));
    const post = (body: BodyInit) =>
      fetch(`${origin}/own`, { method: 'POST', body, duplex: 'half' } as RequestInit & { duplex: 'half' });
    expect(await (await post('0123456789')).text()).toBe('0123456789');
    expect((await post('0123456789x')).status).toBe(413);
    expect((await post(new Blob(['0123456789x']).stream())).status).toBe(413);
  });

  test('over maxBodyBytes is refused before its end, and the connection closed', async () => {
    const origin = await serve(
      toNodeHandler(
        createEcho(() => new Response()),
        { maxBodyBytes: 10 },
      ),
    );
    const head = 'POST /own HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
    expect(await exchange(origin, `${head}b\r\n0123456789x\r\n`)).toMatch(/^HTTP\/1.1 413/);
  });

  test('that a parser has read is not described by its headers on the wire', async () => {
    const handler = toNodeHandler(createEcho(({ headers }) => Response.json([...headers.keys()])));
    const origin = await serve(async (request, response) => {
      await text(request);
      await handler(Object.assign(request, { body: {} }), response);
    });
    const response = await fetch(`${origin}/own`, {
      method: 'POST',
      body: '{    }',
      headers: { 'content-encoding': 'br' },
    });
    const names = (await response.json()) as string[];
    expect(names.filter((name) => name.startsWith('content-'))).toEqual(['content-type']);
  });

  test.each([
    ['an object', { logs: [] }, '{"logs":[]}'],
    ['text', 'plain', 'plain'],
    ['bytes', Buffer.from('bytes'), 'bytes'],
    ['nothing', undefined, ''],
  ])('that a parser has made %s of arrives', async (_, parsed, expected) => {
    const handler = toNodeHandler(createEcho(async (request) => new Response(await request.text())));
    const origin = await serve(async (request, response) => {
      await text(request);
      await handler(Object.assign(request, { body: parsed }), response);
    });
    expect(await (await fetch(`${origin}/own`, { method: 'POST', body: 'on the wire' })).text()).toBe(expected);
  });

  test('that a parser left alone arrives, whatever it put on the request', async () => {
    const handler = toNodeHandler(createEcho(async (request) => new Response(await request.text())));
    const origin = await serve((request, response) => void handler(Object.assign(request, { body: {} }), response));
    expect(await (await fetch(`${origin}/own`, { method: 'POST', body: 'on the wire' })).text()).toBe('on the wire');
  });

  test('that a parser has made over maxBodyBytes of is a 413', async () => {
    const handler = toNodeHandler(
      createEcho(() => new Response()),
      { maxBodyBytes: 10 },
    );
    const origin = await serve(async (request, response) => {
      await text(request);
      await handler(Object.assign(request, { body: 'x'.repeat(11) }), response);
    });
    expect((await fetch(`${origin}/own`, { method: 'POST', body: 'x' })).status).toBe(413);
  });
});

describe('a request', () => {
  test('whose client leaves is aborted', async () => {
    let onArrival = () => {};
    const arrived = new Promise<void>((resolve) => {
      onArrival = resolve;
    });
    let onAbort = () => {};
    const aborted = new Promise<void>((resolve) => {
      onAbort = resolve;
    });
    const handler = createEcho(async (request) => {
      request.signal.addEventListener('abort', onAbort);
      onArrival();
      await aborted;
      return new Response('too late');
    });
    const origin = await serve(toNodeHandler(handler));
    const client = new AbortController();
    const fetched = fetch(`${origin}/own`, { signal: client.signal }).catch((error: Error) => error.name);
    await arrived;
    client.abort();
    await aborted;
    expect(await fetched).toBe('AbortError');
  });

  test('that was answered is not aborted', async () => {
    let signal: AbortSignal | undefined;
    const handler = createEcho((request) => {
      signal = request.signal;
      return new Response('answered');
    });
    const origin = await serve(toNodeHandler(handler));
    await exchange(origin, 'GET /own HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(signal?.aborted).toBe(false);
  });

  test.each([
    ['a host that is none', 'GET /own HTTP/1.1\r\nhost: a b/c\r\nconnection: close\r\n\r\n', '400'],
    ['a method that fetch does not know', 'TRACE /own HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', '400'],
    ['a path that names another host', 'GET //own/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', '404'],
    ['no host', 'GET /own HTTP/1.0\r\n\r\n', '200'],
  ])('with %s is answered: %s', async (_, bytes, status) => {
    const origin = await serve(toNodeHandler(createEcho(() => new Response('here'))));
    expect((await exchange(origin, bytes)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  });
});

describe('a handler that fails', () => {
  const broken = createEcho(() => {
    throw new Error('broken');
  });

  test('is a 500 without detail', async () => {
    const origin = await serve(toNodeHandler(broken));
    const response = await fetch(`${origin}/own`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('broken');
  });

  test('is handed to next, where there is one', async () => {
    const handler = toNodeHandler(broken);
    const origin = await serve((request, response) => {
      void handler(request, response, (error) => response.end(`next: ${(error as Error).message}`));
    });
    expect(await (await fetch(`${origin}/own`)).text()).toBe('next: broken');
  });
});

test('maxBodyBytes must be above 0', () => {
  expect(() =>
    toNodeHandler(
      createEcho(() => new Response()),
      { maxBodyBytes: 0 },
    ),
  ).toThrow(RangeError);
});
