import type { LogName } from 'message-flow/protocol';
import { createFollowerModel, type FollowerModel, type ViolationKind } from './follower-model.ts';
import type { Fact, History } from './history.ts';
import { createLogModel, type LogModel } from './log-model.ts';

export type { ViolationKind } from './follower-model.ts';

/** One breach of what is promised. */
interface Violation {
  readonly kind: ViolationKind;
  readonly log: LogName;
  /** Whose screen. */
  readonly follower: string;
  /** Index of the fact in the history that showed it. */
  readonly seq: number;
  readonly detail: string;
}

/** What a history amounts to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly acknowledgedCount: number;
  readonly deliveredCount: number;
  readonly gapCount: number;
}

interface Log {
  readonly model: LogModel;
  readonly invoked: Set<string>;
  readonly failed: Set<string>;
  /** Acknowledged without a place. */
  readonly acknowledged: Set<string>;
  /** The engine tells what it stores, so that nothing else may be believed to be stored. */
  isTold: boolean;
  readonly followers: Map<string, FollowerModel>;
}

/** Checks histories of simulated and of real runs, fact by fact. */
export interface HistoryCheck {
  add(fact: Fact): void;
  verdict(): Verdict;
}

/** Judges a whole history. */
export function checkHistory(history: History): Verdict {
  const check = createHistoryCheck();
  for (const fact of history) check.add(fact);
  return check.verdict();
}

/** Creates a check that has seen nothing. */
export function createHistoryCheck(): HistoryCheck {
  const logs = new Map<LogName, Log>();
  const violations: Violation[] = [];
  let seq = -1;
  let acknowledgedCount = 0;
  let deliveredCount = 0;
  let gapCount = 0;

  function logOf(name: LogName): Log {
    let log = logs.get(name);
    if (!log) {
      log = {
        model: createLogModel(name),
        invoked: new Set(),
        failed: new Set(),
        acknowledged: new Set(),
        isTold: false,
        followers: new Map(),
      };
      logs.set(name, log);
    }
    return log;
  }

  function followerOf(name: LogName, id: string): FollowerModel {
    const { model, followers } = logOf(name);
    let follower = followers.get(id);
    if (!follower) {
      follower = createFollowerModel(model, (kind, detail) =>
        violations.push({ kind, log: name, follower: id, seq, detail }),
      );
      followers.set(id, follower);
    }
    return follower;
  }

  function deliver({ log: name, follower: id, key, at }: Fact & { type: 'delivered' }): void {
    deliveredCount++;
    const log = logOf(name);
    const phantom = (detail: string) =>
      violations.push({ kind: 'phantom', log: name, follower: id, seq, detail: `${key} at ${at}: ${detail}` });
    if (!log.invoked.has(key)) return void phantom('never sent');
    if (log.failed.has(key)) return void phantom('its append had failed');
    const entry = log.isTold ? log.model.find(key, at) : log.model.store(key, at, seq);
    if (!entry && !log.isTold)
      violations.push({
        kind: 'divergent',
        log: name,
        follower: id,
        seq,
        detail: `${at} is ${key} here, another elsewhere`,
      });
    followerOf(name, id).deliver(key, at, entry);
  }

  function acknowledge({ log: name, key, at }: Fact & { type: 'acknowledged' }): void {
    const log = logOf(name);
    acknowledgedCount++;
    if (at === null) {
      log.acknowledged.add(key);
      return;
    }
    const entry = log.isTold ? log.model.find(key, at) : log.model.store(key, at, seq);
    if (entry) entry.isAcknowledged = true;
  }

  return {
    add(fact) {
      seq++;
      switch (fact.type) {
        case 'invoked':
          logOf(fact.log).invoked.add(fact.key);
          break;
        case 'acknowledged':
          acknowledge(fact);
          break;
        case 'failed':
          logOf(fact.log).failed.add(fact.key);
          break;
        case 'unknown':
          break;
        case 'stored':
          logOf(fact.log).isTold = true;
          logOf(fact.log).model.store(fact.key, fact.at, seq);
          break;
        case 'kept':
          logOf(fact.log).model.change(fact, seq);
          break;
        case 'followed':
          followerOf(fact.log, fact.follower).follow(fact.from, seq);
          break;
        case 'delivered':
          deliver(fact);
          break;
        case 'gap':
          gapCount++;
          followerOf(fact.log, fact.follower).takeGap(fact.at, fact.reason);
          break;
        case 'live':
          followerOf(fact.log, fact.follower).takeLive(fact.at);
          break;
        case 'unfollowed':
          followerOf(fact.log, fact.follower).unfollow();
          break;
        case 'dead':
          for (const { followers } of logs.values()) followers.get(fact.follower)?.unfollow();
          break;
        case 'healed':
          for (const { followers } of logs.values()) for (const follower of followers.values()) follower.finish();
          break;
      }
    },
    verdict() {
      return { violations: [...violations, ...findLost()], acknowledgedCount, deliveredCount, gapCount };
    },
  };

  /** Only now it is known which of the entries that were passed over had been, or came to be, acknowledged. */
  function findLost(): Violation[] {
    const lost: Violation[] = [];
    for (const [name, { followers, acknowledged }] of logs) {
      for (const [id, { missed }] of followers) {
        for (const entry of missed) {
          if (!entry.isAcknowledged && !acknowledged.has(entry.key)) continue;
          lost.push({ kind: 'lost', log: name, follower: id, seq, detail: `${entry.key} at ${entry.at}` });
        }
      }
    }
    return lost;
  }
}
