import type { Broker, Entry } from '../broker/index.ts';
import { encodeLive, findSubscription, type LiveMessage, readAll, type Zeromq } from '../broker/zeromq/index.ts';
import type { Clock, LogName, Position, Stop } from '../protocol/index.ts';

/** The live end of a proxy: tails the logs that somebody follows, and tells every second where they end. */
export interface LivePublisher {
  close(): void;
}

const CHECK_INTERVAL_MS = 1_000;
/**
 * Larger data, in bytes, is not published: a check of its log says at once that there is something to read. So what waits
 * for a slow peer is bounded by some tens of mebibytes, and not by a gibibyte.
 */
const MAX_LIVE_BYTES = 16_384;
/** Most logs in one message of a check. */
const MAX_CHECKED = 500;

/** Publishes on a socket that is bound. `epoch` is what probes are answered with. */
export function createLivePublisher(
  socket: InstanceType<Zeromq['XPublisher']>,
  broker: Broker,
  epoch: string,
  clock: Clock,
): LivePublisher {
  const tails = new Map<LogName, Stop>();
  /** Where logs end that somebody follows and that grew since the check before. */
  let grown = new Map<LogName, Position>();
  let checkCount = 0;
  let isClosed = false;
  let stopCheck: Stop = clock.after(CHECK_INTERVAL_MS, check);

  /** The socket never waits: for whom there is no room, the message is dropped, which the check brings to light. */
  function publish(message: LiveMessage): void {
    if (!isClosed) void socket.send(encodeLive(message));
  }

  function check(): void {
    const tops = [...grown];
    grown = new Map();
    for (let i = 0; i < tops.length || i === 0; i += MAX_CHECKED) {
      publish({ type: 'check', number: ++checkCount, tops: tops.slice(i, i + MAX_CHECKED) });
    }
    stopCheck = clock.after(CHECK_INTERVAL_MS, check);
  }

  async function tail(log: LogName): Promise<void> {
    if (tails.has(log)) return;
    const stop = await broker.tail(log, (entry: Entry) => {
      grown.set(log, entry.at);
      if (Buffer.byteLength(entry.data) <= MAX_LIVE_BYTES) publish({ type: 'entry', log, entry });
      else publish({ type: 'check', number: ++checkCount, tops: [[log, entry.at]] });
    });
    tails.set(log, stop);
  }

  /** One after the other, so that the answer to a probe says that all before it are followed. */
  async function take([frame]: readonly Buffer[]): Promise<void> {
    const subscription = findSubscription(frame);
    if (!subscription) return;
    const { isOn, log, probe } = subscription;
    if (probe !== undefined && isOn) publish({ type: 'probe', topic: probe, epoch });
    if (log === undefined) return;
    if (isOn) return await tail(log);
    tails.get(log)?.();
    tails.delete(log);
  }

  // Rejects only if the broker is closed before the socket is, and then there is nothing to tail.
  readAll(socket, take).catch(() => {});
  return {
    close() {
      isClosed = true;
      stopCheck();
      for (const stop of tails.values()) stop();
      tails.clear();
    },
  };
}
