/** The process that holds the other ends: raw sockets, which count what comes and keep nothing. */
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { TOKEN_AUDIENCE } from 'message-flow/protocol';
import { WebSocket } from 'ws';
import { until } from '../test/support/until.ts';
import type { CrowdOrder } from './orders.ts';

/** Handshakes under way at a time. */
const BATCH = 50;
const PATIENCE_MS = 120_000;
const ENTRY = Buffer.from('{"id":"said"');

let entries = 0;
let opened = 0;

process.on('disconnect', () => process.exit());
process.on('message', (order: CrowdOrder) => {
  void serve(order).then(() => process.send?.('done'));
});

async function serve(order: CrowdOrder): Promise<void> {
  if (order.type === 'await') {
    await until(() => entries >= order.entries, `${order.entries} entries`, PATIENCE_MS);
    return;
  }
  for (let left = order.count; left > 0; left -= BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, left) }, () => open(order)));
  }
}

async function open({ url, secret }: Extract<CrowdOrder, { type: 'open' }>): Promise<void> {
  const user = `user-${opened++}`;
  const token = secret === null ? 'none' : await signToken(user, secret);
  const socket = new WebSocket(url, { origin: 'http://localhost', perMessageDeflate: false });
  socket.on('open', () => socket.send(JSON.stringify({ id: 'AUTH', data: { token, logs: {} } })));
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`Closed with ${code}`)));
    socket.on('message', (data: Buffer) => {
      if (data.subarray(0, ENTRY.length).equals(ENTRY)) entries += 1;
      else if (data.includes('"AUTH OK"')) resolve();
    });
  });
}

function signToken(user: string, secret: string): Promise<string> {
  const now = Date.now() / 1_000;
  return new SignJWT({ aud: TOKEN_AUDIENCE, sub: user, jti: randomUUID(), iat: now, exp: now + 3_600, logs: [] })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret));
}
