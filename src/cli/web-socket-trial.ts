import { WebSocket } from 'ws';
import { encodeClientFrame, findGatewayFrame } from '../protocol/index.ts';
import { createFailure } from './command-error.ts';
import { endWebSocket, formatRefusal, formatUnopened } from './gateway-socket.ts';
import type { Io } from './io.ts';
import { signFor } from './subject.ts';

const TRIAL_TIMEOUT_MS = 10_000;
/** Nobody's id: what it is sent, nobody sent. */
const TRIAL_USER = 'message-flow check';

/**
 * Opens a WebSocket to a gateway and, given a secret, signs in. Resolves to why the token was refused, or undefined.
 * @throws {CommandError} when it does not open or the gateway does not answer as one
 */
export async function tryWebSocket(
  url: string,
  secret: string | undefined,
  { clock, wallClock, signal }: Io,
): Promise<string | undefined> {
  const terms = { issuedAtMs: wallClock(), lifetimeMs: 60_000 };
  const token = secret === undefined ? undefined : await signFor({ user: TRIAL_USER, logs: [] }, secret, terms);
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let stop = () => {};
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      const interrupt = () => reject(createFailure('Interrupted'));
      signal.addEventListener('abort', interrupt, { once: true });
      const stopTimer = clock.after(TRIAL_TIMEOUT_MS, () =>
        reject(createFailure(`No answer from ${new URL(url).host} within ${TRIAL_TIMEOUT_MS / 1_000} s`)),
      );
      stop = () => {
        stopTimer();
        signal.removeEventListener('abort', interrupt);
      };
      socket.on('open', () => token !== undefined && socket.send(encodeClientFrame({ type: 'auth', token, logs: {} })));
      socket.on('error', (error) => reject(createFailure(formatUnopened(url, error), error)));
      socket.on('close', (code) => reject(createFailure(`The gateway closed the connection with ${code}`)));
      socket.on('message', (data) => {
        const frame = findGatewayFrame(String(data));
        if (frame?.type === 'auth-ok') resolve(undefined);
        else if (frame?.type === 'auth-request' && token === undefined) resolve(undefined);
        else if (frame?.type === 'auth-failed') resolve(formatRefusal(frame.reason));
      });
    });
  } finally {
    stop();
    endWebSocket(socket, clock);
  }
}
