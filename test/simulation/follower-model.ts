import type { GapReason, Position, StartPosition } from 'message-flow/protocol';
import type { LogModel, Place, StoredEntry } from './log-model.ts';

/** What may be wrong in a run; `docs/reliability.md` has the definitions. */
export type ViolationKind =
  | 'lost'
  | 'duplicated'
  | 'reordered'
  | 'phantom'
  | 'divergent'
  | 'falseGap'
  /** A follower that is not at the top at the end of a healed run. */
  | 'silent';

/** Tells what is wrong, and where in the history it was seen. */
export type Report = (kind: ViolationKind, detail: string) => void;

/** One follower of one log, as the checker sees it: what it has, and what it is owed. */
export interface FollowerModel {
  follow(from: StartPosition | null, seq: number): void;
  /** `entry`: undefined when the log never had that key at that place. */
  deliver(key: string, at: Position, entry: StoredEntry | undefined): void;
  takeGap(at: Position, reason: GapReason): void;
  takeLive(at: Position): void;
  unfollow(): void;
  /** Judges what is owed at the end of a healed run. */
  finish(): void;
  /** Entries passed over; lost, if they turn out to be acknowledged. */
  readonly missed: ReadonlySet<StoredEntry>;
}

/** Creates a follower that does not follow yet. */
export function createFollowerModel(model: LogModel, report: Report): FollowerModel {
  const missed = new Set<StoredEntry>();
  let isFollowing = false;
  let followedSeq = 0;
  let position: Place | 'start' | undefined;
  /** What is owed begins after this place: where it began, or the latest gap's `at`. Undefined: with what is kept. */
  let boundary: Place | undefined;
  let delivered = new Set<StoredEntry>();
  /** Since the last reset: a log that was rolled back may say a key, and use a place, anew. */
  let keys = new Map<string, StoredEntry | undefined>();
  let keyAt = new Map<string, string>();

  function forgetSegment(): void {
    keys = new Map();
    keyAt = new Map();
  }

  function isCovered(entry: StoredEntry): boolean {
    if (delivered.has(entry)) return true;
    if (boundary) return entry.epoch === boundary.epoch && entry.offset <= boundary.offset;
    // From "start", only what is kept is owed; what is kept now was kept when it was read.
    return model.isPast(entry);
  }

  /** Walks back from an entry that the follower has passed to what it has, or is not owed. */
  function passOver(latest: StoredEntry | undefined): void {
    for (let entry = latest; entry && !isCovered(entry); entry = entry.before) {
      // After a rollback the same key may come to the same place again: the follower has it, but perhaps not what is before.
      const hasKey = keyAt.get(entry.place) === entry.key;
      // What a rollback has taken by now is in no retention any more.
      if (!hasKey && !entry.isGone) missed.add(entry);
    }
  }

  function isBehind(at: Place): boolean {
    return typeof position !== 'object' || (at.epoch === position.epoch && at.offset > position.offset);
  }

  function isFalseGap(): boolean {
    if (position === undefined) return false;
    // "start" never gives a gap, but for a run's log whose first entry is gone.
    if (position === 'start') return !model.log.startsWith('run/') || model.isWholeSince(followedSeq);
    return model.isAlwaysProvable(position);
  }

  return {
    missed,
    follow(from, seq) {
      const parts = from === null ? undefined : from === 'start' ? 'start' : model.placeOf(from);
      const isSame = typeof parts === 'object' && typeof position === 'object' && isSamePlace(parts, position);
      isFollowing = true;
      if (isSame) return;
      [position, followedSeq] = [parts, seq];
      boundary = typeof parts === 'object' ? parts : undefined;
      delivered = new Set();
      forgetSegment();
    },
    deliver(key, at, entry) {
      if (!isFollowing) return report('phantom', `${key} at ${at}: to one who does not follow`);
      const parts = model.placeOf(at);
      const other = keyAt.get(parts.place);
      if (other !== undefined && other !== key) report('divergent', `${at} held ${other} before and ${key} now`);
      if (keys.has(key)) return report('duplicated', `${key} at ${at}`);
      if (!isBehind(parts)) report('reordered', `${key} at ${at} after ${formatPlace(position)}`);
      keys.set(key, entry);
      keyAt.set(parts.place, key);
      // Begun wherever the top was: what is owed begins here.
      if (position === undefined) boundary = { ...parts, offset: parts.offset - 1, tag: '' };
      position = parts;
      if (!entry) return report('phantom', `${key} at ${at}: the log never had it there`);
      passOver(entry.before);
      boundary ??= parts;
      delivered.add(entry);
      missed.delete(entry);
    },
    takeGap(at, reason) {
      if (!isFollowing) return;
      const parts = model.placeOf(at);
      const where = `${reason} at ${at}, from ${formatPlace(position)}`;
      if (isFalseGap()) report('falseGap', `${where}: a read could prove the position`);
      else if (reason === 'trimmed' && model.isKeptBefore(parts)) report('falseGap', `${where}: skips what is kept`);
      if (reason === 'reset') forgetSegment();
      // Whoever is behind what is kept can't be told of the rollback too: what was lost in it may be said anew.
      for (const [key, entry] of keys) if (entry?.isGone) keys.delete(key);
      [position, boundary] = [parts, parts];
    },
    takeLive(at) {
      if (!isFollowing) return;
      const parts = model.placeOf(at);
      if (typeof position === 'object') {
        if (isBehind(parts)) passOver(model.findAt(parts)); // live, but not there: what lies between was passed over
        return;
      }
      if (position === 'start') passOver(model.findAt(parts));
      [position, boundary] = [parts, parts];
    },
    unfollow() {
      isFollowing = false;
      position = undefined;
    },
    finish() {
      if (!isFollowing) return;
      const { top } = model;
      if (!top) return;
      if (typeof position === 'object' && (isSamePlace(position, top) || model.isEmptyAfter(position))) return;
      report('silent', `stands at ${formatPlace(position)}, the top is ${formatPlace(top)}`);
      if (position !== undefined) passOver(model.last);
    },
  };
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.epoch === b.epoch && a.offset === b.offset && (a.tag === b.tag || a.tag === '' || b.tag === '');
}

function formatPlace(place: Place | 'start' | undefined): string {
  return typeof place === 'object' ? `${place.epoch}:${place.offset}:${place.tag}` : (place ?? 'nowhere');
}
