import {
  type ActionAnswer,
  MAX_ACTIONS,
  type SaidAction,
  type Store,
  type StoreSnapshot,
} from '../../contract/index.ts';
import { isJsonObject, type LogName, type Stop, utf8Length } from '../../protocol/index.ts';
import { drawWaitMs } from '../backoff.ts';
import { createListeners } from '../listeners.ts';
import type { ResolvedOptions } from '../options.ts';
import type { AppEffect } from '../session-event.ts';
import type { StoreHost } from '../store-part.ts';
import { askBackend, type BackendAnswer } from './backend.ts';
import type { Dispatched, RolledBackCode, StoreFault, StoreView } from './client-store.ts';
import { createReplica, type Pending } from './replica.ts';

/** What a follower works with. */
export interface FollowerParts {
  readonly store: Store;
  readonly log: LogName;
  readonly host: StoreHost;
  readonly options: ResolvedOptions;
  readonly report: (error: unknown) => void;
  /** Whom the page was last known to speak for. */
  readonly findUser: () => string | undefined;
  /** Nobody wants it any more: its log is left, its timers are stopped. */
  readonly onIdle: () => void;
}

/** Keeps a replica in line with the backend: fetches snapshots, says actions, follows the log. */
export interface Follower {
  readonly view: StoreView<object>;
  subscribe(listener: () => unknown): Stop;
  dispatch(name: string, input: unknown): Promise<Dispatched>;
  hydrate(snapshot: StoreSnapshot<object>): void;
  /** Takes what the session says of the log, or of the connection. */
  take(effect: AppEffect): void;
  /** Another user is there: what was shown and done was the last one's. */
  changeUser(): void;
}

/** Most pending actions. */
const MAX_PENDING = 100;
/** Most bytes of the actions of one request; a backend reads 65,536. */
const MAX_BYTES = 60_000;
/** What statuses say of a state that was asked for. */
const FAULTS: Readonly<Record<number, StoreFault>> = { 401: 'signed-out', 403: 'not-allowed', 404: 'not-found' };
/** How long a missing entry may still come before the state is fetched, in milliseconds; drawn, as all followers miss it at once. */
const MISSING_MS = 50;
const MISSING_SPREAD_MS = 450;

/** Creates a follower that waits to be wanted. */
export function createFollower(parts: FollowerParts): Follower {
  const { store, log, host, options, report, findUser, onIdle } = parts;
  const { clock, random, lingerMs } = options;
  const replica = createReplica(store);
  const listeners = createListeners<undefined>(report);
  let users = 0;
  let fault: StoreFault | undefined;
  let isFollowed = false;
  let isLive = false;
  /** A snapshot is needed that is newer than now, whatever the versions say. */
  let isDue = false;
  /** What is asked of the backend belongs to this user; answers for another are dropped. */
  let generation = 0;
  let isFetching = false;
  let isSaying = false;
  let fetchFailures = 0;
  let sayFailures = 0;
  let stopFetchTimer: Stop | undefined;
  let stopSayTimer: Stop | undefined;
  let stopLinger: Stop | undefined;

  /** Brings everything in line after whatever happened: the view, the log, what is asked. */
  function update(): void {
    const isStopped = host.status.reason === 'stopped';
    const isWanted = users > 0 || replica.pending.length > 0;
    const needsState = isDue || replica.isBehind();
    if (isStopped) rest();
    else if (isWanted) {
      stopLinger?.();
      stopLinger = undefined;
      if (host.status.reason === 'idle') host.start();
      if (needsState && !fault && !isFetching) fetchSoon();
      if (replica.version !== undefined && !isDue && !isFetching && !isSaying && !stopSayTimer) say();
    } else if (!stopLinger && lingerMs < Number.POSITIVE_INFINITY) stopLinger = clock.after(lingerMs, leave);
    if (!needsState && !isFetching) fetchFailures = 0;
    const isAsking = isDue || isFetching || fetchFailures > 0 || replica.version === undefined;
    // Not by what is behind for a moment: an action's answer is often there before its entry, and each would blink.
    const isStale = isAsking || !isLive || host.status.state !== 'live';
    if (replica.commit(isStale, fault)) listeners.tell(undefined);
  }

  function rest(): void {
    stopFetchTimer?.();
    stopSayTimer?.();
    stopLinger?.();
    stopFetchTimer = stopSayTimer = stopLinger = undefined;
  }

  /** No state can be had, until a new listener asks again. What is under way may yet be applied. */
  function takeFault(code: StoreFault): void {
    fault = code;
    replica.rollBack(() => true, { code, message: `Cannot have the state of "${log}": ${code}` });
  }

  /** What the network lost is asked again at once. */
  function retryNow(): void {
    rest();
    fetchFailures = sayFailures = 0;
    if (fault !== 'signed-out') return;
    fault = undefined;
    isDue = true;
  }

  function leave(): void {
    rest();
    generation++;
    if (isFollowed) host.unfollow(log);
    onIdle();
  }

  function follow(snapshot: StoreSnapshot): void {
    if (isFollowed) return;
    isFollowed = true;
    host.follow(log, snapshot.at);
  }

  function fetchSoon(): void {
    const waitMs =
      fetchFailures > 0 ? drawWaitMs(fetchFailures - 1, 1, random) : MISSING_MS + random() * MISSING_SPREAD_MS;
    if (replica.version === undefined && fetchFailures === 0) void fetchState();
    else {
      stopFetchTimer ??= clock.after(waitMs, () => {
        stopFetchTimer = undefined;
        if (isDue || replica.isBehind()) void fetchState();
        update();
      });
    }
  }

  /** Never rejects. */
  async function fetchState(): Promise<void> {
    const asked = generation;
    isFetching = true;
    isDue = false;
    const answer = await askBackend(options, 'snapshot', { log }, report);
    if (asked !== generation) return;
    isFetching = false;
    const snapshot = findSnapshot(answer);
    const code = FAULTS[answer.status];
    if (snapshot) {
      fault = undefined; // of a right that ended while it was asked for
      replica.takeSnapshot(snapshot);
      follow(snapshot);
    } else if (code) takeFault(code);
    else isDue = true;
    fetchFailures = snapshot && !replica.isBehind() ? 0 : fetchFailures + 1;
    update();
  }

  function say(): void {
    const actions: SaidAction[] = [];
    let bytes = 0;
    for (const action of replica.pending) {
      if (action.version !== undefined) continue;
      const { id, name, input, since = replica.version } = action;
      const said = { id, name, input, since };
      bytes += utf8Length(JSON.stringify(said));
      if (actions.length > 0 && (bytes > MAX_BYTES || actions.length === MAX_ACTIONS)) break;
      action.since = since;
      action.tries++;
      actions.push(said);
    }
    if (actions.length > 0) void sayAll(actions);
  }

  /** Never rejects. */
  async function sayAll(actions: readonly SaidAction[]): Promise<void> {
    const asked = generation;
    isSaying = true;
    const answer = await askBackend(options, 'actions', { log, user: findUser(), actions }, report);
    if (asked !== generation) return;
    isSaying = false;
    const { status, body } = answer;
    const answers = isJsonObject(body) ? body.answers : undefined;
    const isLater = status === 408 || status === 429; // a proxy's, most often: not in time, too many
    const mine = ({ id }: Pending) => actions.some((action) => action.id === id);
    if (status === 200 && Array.isArray(answers) && answers.length === actions.length && answers.every(isAnswer)) {
      sayFailures = 0;
      for (const [i, { id }] of actions.entries()) takeAnswer(id, answers[i] as ActionAnswer);
    } else if (status >= 400 && status < 500 && !isLater) {
      const code = codeOf(answer);
      replica.rollBack(mine, { code, message: `Cannot run actions on "${log}": the backend said ${status}, ${code}` });
    } else {
      stopSayTimer = clock.after(drawWaitMs(sayFailures++, 1, random), () => {
        stopSayTimer = undefined;
        update();
      });
    }
    update();
  }

  function takeAnswer(id: string, { version, refused }: ActionAnswer): void {
    const action = replica.pending.find((action) => action.id === id);
    if (!action) return;
    if (!refused) replica.confirm(id, version);
    else if (refused.code === 'forgotten' && action.tries === 1) {
      // Said once only, so it was not applied; our version was too old to tell. Said anew from a newer one.
      action.since = undefined;
      action.tries = 0;
      isDue = true;
    } else replica.rollBack((other) => other === action, refused);
  }

  return {
    get view() {
      return replica.view;
    },
    subscribe(listener) {
      let stop: Stop | undefined = listeners.add(listener);
      users++;
      fault = undefined;
      update();
      return () => {
        if (!stop) return;
        stop();
        stop = undefined;
        users--;
        update();
      };
    },
    dispatch(name, input) {
      const text = JSON.stringify(input);
      return new Promise((settle) => {
        const action: Pending = { id: createId(), name, input: text && JSON.parse(text), settle, tries: 0 };
        const isTooLarge = utf8Length(text ?? '') > MAX_BYTES;
        const code = fault ?? (isTooLarge ? 'too-large' : replica.pending.length >= MAX_PENDING && 'overloaded');
        replica.add(action);
        if (code)
          replica.rollBack((other) => other === action, { code, message: `Cannot run "${name}" on "${log}": ${code}` });
        update();
      });
    },
    hydrate(snapshot) {
      replica.takeSnapshot(snapshot);
      follow(snapshot);
      update();
    },
    take(effect) {
      switch (effect.type) {
        case 'deliver':
          if (!replica.takeNews(effect.data)) isDue = true;
          break;
        case 'gap':
          isDue = true;
          break;
        case 'live':
          isLive = true;
          break;
        case 'unsubscribed':
          isFollowed = isLive = false;
          isDue = true;
          takeFault(effect.reason === 'too-many-logs' ? effect.reason : 'not-allowed');
          break;
        case 'state':
          if (effect.status.state === 'live') retryNow();
          break;
        default:
          effect satisfies never;
      }
      update();
    },
    changeUser() {
      generation++;
      isFetching = isSaying = false;
      fetchFailures = sayFailures = 0;
      fault = undefined;
      rest();
      replica.rollBack(() => true, {
        code: 'user-changed',
        message: `Cannot run actions on "${log}": their user left`,
      });
      replica.reset();
      update();
    },
  };
}

function findSnapshot({ status, body }: BackendAnswer): StoreSnapshot<object> | undefined {
  if (status !== 200 || !isJsonObject(body)) return undefined;
  const { state, version, recent, at } = body;
  const isSnapshot = state && typeof state === 'object' && Number.isSafeInteger(version) && Array.isArray(recent);
  return isSnapshot && typeof at === 'string' ? (body as unknown as StoreSnapshot<object>) : undefined;
}

function isAnswer(answer: unknown): answer is ActionAnswer {
  return isJsonObject(answer) && (Number.isSafeInteger(answer.version) || isJsonObject(answer.refused));
}

/**
 * An id of 128 bits of which none tells of another, up to 43 characters. Whoever follows the store sees ids, and who could guess
 * our next one could say it first: ours would count as said before. So it is no matter of `random`, which a test may fix.
 */
function createId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** The backend's code is one of ours, or shown as it is. */
function codeOf({ body }: BackendAnswer): RolledBackCode {
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error.code : undefined;
  return (typeof error === 'string' ? error : 'invalid-request') as RolledBackCode;
}
