import { setImmediate } from 'node:timers';
import type { FakeClock } from './fake-clock.ts';

/** What is under way in a ring. It is done one after another, and only while somebody waits for it. */
export interface Work {
  /** Adds what happens next, after all that was added before. What it throws or rejects with fails whoever waits. */
  add(task: () => unknown): void;
  /** Adds what happens once nothing else does, as a browser paints. */
  addFrame(frame: () => void): void;
  /**
   * Resolves once nothing is under way and no timer is due.
   * @throws {Error} when it never ends, or what a task threw
   */
  settle(): Promise<void>;
  /** Lets time pass, timer by timer, and settles after each. */
  advance(ms: number): Promise<void>;
  /** Forgets what is under way. */
  clear(): void;
}

/** After so many turns in which nothing came, nothing comes: one thing waits for few others before it is added. */
const IDLE_TURNS = 4;
/** More steps than this without time passing, and something calls itself for ever. */
const MAX_STEPS = 20_000;

/** Creates work with nothing to do. */
export function createWork(clock: FakeClock): Work {
  let tasks: (() => unknown)[] = [];
  let frames: (() => void)[] = [];
  /** The end of what is waited for already: two who wait take turns. */
  let latest: Promise<void> = Promise.resolve();

  /** Does one thing; false: there is nothing to do. */
  async function step(): Promise<boolean> {
    for (let turn = 0; turn < IDLE_TURNS && tasks.length === 0; turn++) await passTurn();
    const task = tasks.shift();
    if (task) {
      await task();
      return true;
    }
    if (clock.callNext()) return true;
    const painted = frames;
    frames = [];
    for (const frame of painted) frame();
    return painted.length > 0;
  }

  async function settle(): Promise<void> {
    for (let count = 0; await step(); count++) {
      if (count >= MAX_STEPS) throw new Error(`Cannot settle: ${MAX_STEPS} steps were taken, and more is to be done`);
    }
  }

  async function advance(ms: number): Promise<void> {
    const end = clock.now() + ms;
    await settle();
    for (let at = clock.nextAt; at <= end; at = clock.nextAt) {
      clock.stall(at - clock.now());
      await settle();
    }
    clock.stall(end - clock.now());
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = latest.then(work);
    latest = turn.catch(() => {}); // told to its own caller
    return turn;
  }

  return {
    add: (task) => void tasks.push(task),
    addFrame: (frame) => void frames.push(frame),
    settle: () => inTurn(settle),
    advance: (ms) => inTurn(() => advance(ms)),
    clear() {
      tasks = [];
      frames = [];
    },
  };
}

/** Lets all promises go on that can. Node's own timers: a test's environment may have none, or others. */
function passTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
