import type { Clock, Stop } from 'message-flow/protocol';

/** Virtual time: what is to happen, in order. Nothing waits for real time. */
export interface Timeline extends Clock {
  /** Does something at a time; what is due at the same time happens in the order in which it was said. */
  at(ms: number, run: () => void): void;
  /** Says that promises may go on now: `run` lets them, before anything else happens. */
  markSettled(): void;
  /**
   * Lets time pass until nothing is left, `end` is reached, or `isDone`, asked after each step, says so; or until so much happened
   * that somebody must be going round in a circle.
   */
  run(end: number, isDone: () => boolean): Promise<void>;
}

interface Moment {
  readonly ms: number;
  readonly order: number;
  readonly run: () => void;
  isStopped: boolean;
}

/** More than the longest chain of awaits in the machines' hosts: authenticate, positions, read, finally. */
const TICKS = 24;
/** Some ten times as many as the longest run has. */
const MOST_MOMENTS = 100_000;

/** Creates a timeline that begins at a time. */
export function createTimeline(start: number): Timeline {
  const heap: Moment[] = [];
  let now = start;
  let order = 0;
  let hasSettled = false;

  function push(ms: number, run: () => void): Moment {
    const moment = { ms: Math.max(ms, now), order: order++, run, isStopped: false };
    let index = heap.length;
    heap.push(moment);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent] as Moment;
      if (!isBefore(moment, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = moment;
    return moment;
  }

  function pop(): Moment {
    const first = heap[0] as Moment;
    const last = heap.pop() as Moment;
    const { length } = heap;
    if (length === 0) return first;
    let index = 0;
    for (let child = 1; child < length; child = 2 * index + 1) {
      if (child + 1 < length && isBefore(heap[child + 1] as Moment, heap[child] as Moment)) child++;
      const below = heap[child] as Moment;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  return {
    now: () => now,
    at: (ms, run) => void push(ms, run),
    after(ms, callback): Stop {
      const moment = push(now + Math.ceil(ms), callback);
      return () => {
        moment.isStopped = true;
      };
    },
    markSettled() {
      hasSettled = true;
    },
    async run(end, isDone) {
      for (let left = MOST_MOMENTS; left > 0 && heap.length > 0 && (heap[0] as Moment).ms <= end; left--) {
        const moment = pop();
        if (moment.isStopped) continue;
        now = moment.ms;
        moment.run();
        if (hasSettled) {
          hasSettled = false;
          for (let tick = 0; tick < TICKS; tick++) await undefined;
        }
        if (isDone()) return;
      }
    },
  };
}

function isBefore(a: Moment, b: Moment): boolean {
  return a.ms < b.ms || (a.ms === b.ms && a.order < b.order);
}
