import { DEFAULT_HEARTBEAT_MS } from '../protocol/index.ts';

/** How far a heartbeat may be late before we ask, in milliseconds. */
const HEARTBEAT_GRACE_MS = 5_000;
/** How long an answer to a probe may take, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;
/** A timer this late was held up by ourselves: a busy page, a throttled tab, a machine that slept. In milliseconds. */
const STALL_MS = 1_000;

/** Judges on our own clock whether a gateway is still there. */
export interface SilenceWatch {
  /** When `check` has something to say, in milliseconds. */
  findDueAt(): number;
  /** Something came; AUTH OK tells the heartbeat's period. An unusable one counts as the default. */
  hear(now: number, heartbeatMs?: number): void;
  /** Notes that we ask now; false: we did, and the answer may still come. */
  probe(now: number): boolean;
  /** `probe`: ask. `leave`: it did not answer. */
  check(now: number): 'probe' | 'leave' | undefined;
}

/** Creates a watch for one connection; it begins with the heartbeat's period. */
export function createSilenceWatch(): SilenceWatch {
  let periodMs = Number.POSITIVE_INFINITY;
  let heardAt = 0;
  let probedAt: number | undefined;
  let isForgiven = false;

  function findDueAt(): number {
    return probedAt === undefined ? heardAt + periodMs : probedAt + PROBE_TIMEOUT_MS;
  }

  return {
    findDueAt,
    hear(now, heartbeatMs) {
      if (heartbeatMs !== undefined) {
        periodMs = (heartbeatMs >= 1_000 ? heartbeatMs : DEFAULT_HEARTBEAT_MS) + HEARTBEAT_GRACE_MS;
      }
      heardAt = now;
      probedAt = undefined;
      isForgiven = false;
    },
    probe(now) {
      if (probedAt !== undefined && now < findDueAt()) return false;
      probedAt = now;
      return true;
    },
    check(now) {
      const lateMs = now - findDueAt();
      if (lateMs < 0) return undefined;
      if (probedAt !== undefined) {
        // The answer may lie unread behind us. Forgiven once: in a throttled tab every timer is late.
        if (isForgiven || lateMs < STALL_MS) return 'leave';
        isForgiven = true;
      }
      probedAt = now;
      return 'probe';
    },
  };
}
