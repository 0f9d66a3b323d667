import type { Broker } from '../broker/index.ts';
import {
  encodeAnswer,
  findRequest,
  LIVE_WINDOW,
  loadZeromq,
  type Place,
  REQUEST_WINDOW,
  readAll,
  SOCKET_OPTIONS,
  type Zeromq,
} from '../broker/zeromq/index.ts';
import type { Clock } from '../protocol/index.ts';
import { answerRequest } from './answer-request.ts';
import { openCurveGuard } from './curve-guard.ts';
import { createLivePublisher } from './live-publisher.ts';
import { claimSocketFiles } from './socket-files.ts';

/** Serves one broker's logs to other processes. */
export interface MessageProxy {
  /** Requests answered, and those that were none. */
  stats(): { readonly requests: number; readonly malformed: number };
  /** A socket's file that was removed, or taken by another process: nobody who comes anew finds this proxy. */
  findLostFile(): string | undefined;
  /** Closes the sockets and removes their files. The broker is its owner's to close. */
  close(): void;
}

/** What a proxy runs on. */
export interface MessageProxyOptions {
  readonly place: Place;
  /** Numbers and keeps the logs: one that lives in this process. */
  readonly broker: Broker;
  readonly clock: Clock;
}

/**
 * Opens a proxy at a place, whose socket files must not be there.
 * @throws {RangeError} when the broker is one that other processes share already
 * @throws {Error} when it can't listen there; the system's code is in it
 */
export async function openMessageProxy({ place, broker, clock }: MessageProxyOptions): Promise<MessageProxy> {
  const { epoch } = broker;
  if (epoch === undefined) throw new RangeError('Cannot serve a broker that is shared: it must live in this process');
  const zeromq = loadZeromq();
  const guard = place.secret === undefined ? undefined : await openCurveGuard(zeromq, place.secret);
  // Neither socket ever waits for a peer: an answer that finds no room, or nobody, is dropped, and the request times out.
  const options = { ...SOCKET_OPTIONS, sendTimeout: 0, ...guard?.options };
  const router = new zeromq.Router({
    ...options,
    sendHighWaterMark: 2 * REQUEST_WINDOW,
    receiveHighWaterMark: REQUEST_WINDOW,
  });
  const publisher = new zeromq.XPublisher({ ...options, sendHighWaterMark: LIVE_WINDOW });
  const counts = { requests: 0, malformed: 0 };

  function closeSockets(): void {
    router.close();
    publisher.close();
    guard?.close();
  }

  try {
    await router.bind(place.requests);
    await publisher.bind(place.live);
  } catch (error) {
    closeSockets();
    throw error;
  }
  const files = claimSocketFiles(place.files);
  const live = createLivePublisher(publisher, broker, epoch, clock);
  void serve(router, broker, counts);
  return {
    stats: () => ({ ...counts }),
    findLostFile: files.findLost,
    close() {
      live.close();
      files.remove(); // while we still listen: afterwards another proxy could take the place, and lose it
      closeSockets();
    },
  };
}

/** Answers until the socket is closed. Never rejects. */
async function serve(
  router: InstanceType<Zeromq['Router']>,
  broker: Broker,
  counts: { requests: number; malformed: number },
): Promise<void> {
  await readAll(router, async ([peer, ...frames]) => {
    const found = findRequest(frames);
    if (!found || 'fault' in found) counts.malformed++;
    if (!found || !peer) return;
    counts.requests++;
    const answer =
      'fault' in found
        ? ({ type: 'failed', code: 'refused', message: `the request is refused: ${found.fault}` } as const)
        : await answerRequest(broker, found.request);
    if (router.closed) return;
    await router.send([peer, ...encodeAnswer(found.id, answer)]).catch(() => {}); // who asked has gone
  });
}
