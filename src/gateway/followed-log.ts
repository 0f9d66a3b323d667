import type { Entry, Reading } from '../broker/index.ts';
import { findPositionParts, isAtOrBefore, type LogName, type StartPosition } from '../protocol/index.ts';
import type { Delivery, FollowedLog, FollowedLogOptions, LogEffect, ReadPurpose } from './log-events.ts';
import { type Cursor, createCursor, createStretch, locate, resume } from './resume.ts';
import { createRing, type Frame, type FrameCodec, partsOf, type Ring, sizeOf } from './ring.ts';

/** Stretches kept for followers behind the ring; a third makes the oldest's readers ask again. */
const MAX_STRETCHES = 2;
/** Live entries held while the ring is mended, in as many bytes as a ring has; what is more is read again. */
const MAX_PENDING = 1_024;
/** What failed may have been more than the broker's line carries in time: the next read asks for so much less. */
const LIMIT_DIVISOR = 4;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/** Creates the machine of one log, with no followers yet. */
export function createFollowedLog<F extends Frame, S>(
  name: LogName,
  codec: FrameCodec<F>,
  { readLimit, lingerMs, maxRingEntries, maxRingBytes }: FollowedLogOptions,
): FollowedLog<F, S> {
  const cursors = new Map<S, Cursor<F>>();
  const wanting = new Set<S>();
  let tail: 'none' | 'attaching' | 'attached' = 'none';
  let ring: Ring<F> | undefined;
  /** `broken`: something is missing and not yet asked for, as the broker did not answer. */
  let state: 'whole' | 'mending' | 'broken' = 'whole';
  let stretches: Ring<F>[] = [];
  let pending: Entry[] = [];
  let pendingBytes = 0;
  let hasMissed = false;
  let stretchAfter: StartPosition | undefined;
  /** Entries that the next read asks for, and those that the reads under way were asked for. */
  let nextLimit = readLimit;
  const asked: Record<ReadPurpose, number> = { ring: readLimit, stretch: readLimit };
  let idleSince: number | undefined;
  let retryMs = FIRST_RETRY_MS;
  let retryAt: number | undefined;
  /** The earliest moment at which its host will wake it. */
  let armedAt = Number.POSITIVE_INFINITY;
  let effects: LogEffect<S>[] = [];

  function startTail(): void {
    if (tail !== 'none') return;
    tail = 'attaching';
    effects.push({ type: 'tail' });
  }

  /** Reads again from the ring's end, with the broker's check that it is the log's still. */
  function mend(): void {
    if (!ring || state === 'mending') return;
    state = 'broken';
    if (retryAt !== undefined) return;
    state = 'mending';
    read('ring', ring.end);
  }

  /** Asks for one stretch at a time, the oldest place first: who waits at a later one mostly finds it in that stretch. */
  function readStretch(): void {
    if (stretchAfter !== undefined || wanting.size === 0 || tail !== 'attached' || retryAt !== undefined) return;
    let lowest = Number.POSITIVE_INFINITY;
    for (const subscription of wanting) {
      const { position } = cursors.get(subscription) as Cursor<F>;
      const rank = rankOf(position);
      if (rank < lowest) [stretchAfter, lowest] = [position, rank];
    }
    if (stretchAfter !== undefined) read('stretch', stretchAfter);
  }

  function read(purpose: ReadPurpose, after: StartPosition): void {
    asked[purpose] = nextLimit;
    effects.push({ type: 'read', purpose, after, limit: nextLimit });
  }

  /** What can't be compared, such as another epoch's place, comes last: it is answered by a gap, mostly for all at once. */
  function rankOf(position: StartPosition): number {
    if (position === 'start') return -1;
    const parts = findPositionParts(position);
    return parts && (!ring || parts.epoch === partsOf(ring.end).epoch) ? parts.offset : Number.MAX_VALUE;
  }

  function retryLater(now: number): void {
    if (retryAt !== undefined) return;
    retryAt = now + retryMs;
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    arm();
  }

  /** Asks to be woken when something is due. Who is woken too early asks again, so that a log has one timer, ever. */
  function arm(): void {
    const idleEnd = idleSince === undefined ? Number.POSITIVE_INFINITY : idleSince + lingerMs;
    const at = Math.min(retryAt ?? Number.POSITIVE_INFINITY, idleEnd);
    if (at >= armedAt) return;
    armedAt = at;
    effects.push({ type: 'wake', at });
  }

  function retry(): void {
    retryAt = undefined;
    if (cursors.size > 0) startTail();
    if (state === 'broken') mend();
    readStretch();
  }

  function takeEntry(entry: Entry): void {
    const succession = ring && state === 'whole' ? ring.judge(entry) : 'unproven';
    if (succession === 'known') return;
    if (succession === 'next') {
      ring?.push(entry);
      growRing();
      return;
    }
    const bytes = sizeOf(entry);
    if (pending.length < MAX_PENDING && pendingBytes + bytes <= maxRingBytes) {
      pending.push(entry);
      pendingBytes += bytes;
    } else {
      hasMissed = true;
    }
    if (state === 'whole') mend();
  }

  function takePendingAway(): readonly Entry[] {
    const taken = pending;
    pending = [];
    pendingBytes = 0;
    return taken;
  }

  /** Takes what came while the ring could not: what follows; and if something does not, the broker is asked again. */
  function takePending(): void {
    let isUnproven = hasMissed;
    for (const entry of takePendingAway()) {
      const succession = ring?.judge(entry);
      if (succession === 'next') ring?.push(entry);
      else if (succession === 'unproven') isUnproven = true;
    }
    hasMissed = false;
    if (isUnproven) mend();
    growRing();
  }

  function growRing(): void {
    ring?.trim(maxRingEntries, maxRingBytes);
    effects.push({ type: 'grown' });
  }

  function takeMended(reading: Reading): void {
    if (!ring) return;
    state = 'whole';
    if (reading.gap) {
      // What the ring holds is no longer the log: its followers' places are judged one by one, by read.
      ring = createStretch(ring.end, reading, codec);
      keepStretches([]);
    } else {
      for (const entry of reading.entries) ring.push(entry);
      if (reading.entries.length === 0) ring.reach(reading.top);
    }
    for (const cursor of cursors.values()) {
      // The broker has said that nothing lies after either place: so they are one, though they differ.
      if (cursor.isProven && cursor.position !== 'start' && ring.isQuietAt(cursor.position))
        [cursor.ring, cursor.index] = [ring, ring.next];
      cursor.isProven = false;
    }
    if (reading.entries.length >= asked.ring) mend();
    if (state === 'whole') takePending();
    else growRing();
  }

  function takeStretch(after: StartPosition, reading: Reading): void {
    stretchAfter = undefined;
    // What goes beyond the end that the log has now was read before a rollback: who is told of that would go on in it, be told
    // again, and so on until the ring is mended.
    keepStretches(stretches.filter(({ end }) => isAtOrBefore(end, reading.top)));
    const stretch = createStretch(after, reading, codec);
    if (!ring) {
      // A ring of its own: the stretch is not trimmed, so that who waits for it goes on at its first entry.
      ring =
        reading.entries.length < asked.stretch ? createStretch(after, reading, codec) : createRing(reading.top, codec);
      takePending();
    } else {
      ring.prepend(stretch);
      ring.trim(maxRingEntries, maxRingBytes);
      if (partsOf(reading.top).epoch !== partsOf(ring.end).epoch) mend();
    }
    const [head] = reading.entries;
    const placeAfter = head && ring.find(head.at);
    const held = placeAfter !== undefined && placeAfter > ring.first ? placeAfter - 1 : undefined; // not the place before its first
    if (head && held === undefined) keepStretches([stretch, ...stretches].slice(0, MAX_STRETCHES));
    for (const subscription of wanting) {
      const cursor = cursors.get(subscription) as Cursor<F>;
      const isResumed = resume(cursor, after, reading, stretch);
      // Not by its position: that may have no tag, and then another branch of a log that was rolled back has it too.
      if (isResumed && head && cursor.position === stretch.base) {
        [cursor.ring, cursor.index] = held === undefined ? [stretch, stretch.first] : [ring, held];
      }
      cursor.isLate = false;
      if (!isResumed && !findPlace(cursor)) continue;
      wanting.delete(subscription);
      effects.push({ type: 'ready', subscription });
    }
    readStretch();
  }

  /** A follower that does not read must not keep what went in memory; it finds its place again by its position. */
  function keepStretches(kept: Ring<F>[]): void {
    stretches = kept;
    for (const cursor of cursors.values()) {
      if (cursor.ring && cursor.ring !== ring && !kept.includes(cursor.ring)) cursor.ring = undefined;
    }
  }

  /** A place without a tag may be on any branch: a ring that is being mended, perhaps after a rollback, proves none. */
  function findPlace(cursor: Cursor<F>): boolean {
    const isAnchored = state === 'whole' || !cursor.position.endsWith(':');
    return locate(cursor, isAnchored ? ring : undefined, stretches);
  }

  /** Finds where a cursor goes on; false: it waits for the broker. */
  function canGoOn(subscription: S, cursor: Cursor<F>): boolean {
    const at = cursor.ring;
    const isHeld = at !== undefined && (at === ring || (stretches.includes(at) && cursor.index < at.next));
    if (isHeld && cursor.index >= at.first) return true;
    cursor.ring = undefined;
    if (findPlace(cursor)) return true;
    if (cursor.isProven) {
      mend();
    } else if (!wanting.has(subscription)) {
      wanting.add(subscription);
      cursor.isLate = stretchAfter !== undefined;
      readStretch();
    }
    return false;
  }

  function flush(): readonly LogEffect<S>[] {
    const made = effects;
    effects = [];
    return made;
  }

  return {
    name,
    subscriptions: cursors,
    get bytes() {
      return stretches.reduce((sum, stretch) => sum + stretch.bytes, (ring?.bytes ?? 0) + pendingBytes);
    },
    step(event, now) {
      switch (event.type) {
        case 'follow':
          idleSince = undefined;
          cursors.set(event.subscription, createCursor(event.after));
          startTail();
          effects.push({ type: 'ready', subscription: event.subscription });
          break;
        case 'unfollow':
          cursors.delete(event.subscription);
          wanting.delete(event.subscription);
          if (cursors.size > 0 || idleSince !== undefined) break;
          idleSince = now;
          arm();
          break;
        case 'attached':
          tail = 'attached';
          readStretch();
          break;
        case 'tail-failed':
          tail = 'none';
          retryLater(now);
          break;
        case 'entry':
          takeEntry(event.entry);
          break;
        case 'top':
          // A read under way may have been answered before this top was, and what is pending rolled back: it is asked once more.
          if (!ring || state !== 'whole') hasMissed = true;
          else if (event.top !== ring.end) mend();
          if (retryAt !== undefined) retry(); // the broker answers again: what it failed to give is asked for now
          break;
        case 'read':
          nextLimit = Math.min(readLimit, nextLimit * 2);
          if (event.purpose === 'ring') takeMended(event.reading);
          else takeStretch(event.after, event.reading);
          retryMs = FIRST_RETRY_MS; // not before: one that is always spoilt must not be asked for as if all were well
          break;
        case 'read-failed':
          if (event.purpose === 'ring') state = 'broken';
          else stretchAfter = undefined;
          nextLimit = Math.max(1, Math.floor(asked[event.purpose] / LIMIT_DIVISOR));
          retryLater(now);
          break;
        case 'shrink':
          if (takePendingAway().length > 0) hasMissed = true;
          ring?.trim(0, 0);
          keepStretches([]);
          break;
        case 'wake':
          armedAt = Number.POSITIVE_INFINITY;
          if (retryAt !== undefined && now >= retryAt) retry();
          if (idleSince !== undefined && now >= idleSince + lingerMs) effects.push({ type: 'forget' });
          else arm();
          break;
      }
      return flush();
    },
    take(subscription, maxBytes) {
      const deliveries: Delivery<F>[] = [];
      const cursor = cursors.get(subscription);
      if (cursor?.gap) deliveries.push({ type: 'gap', ...cursor.gap });
      if (cursor) cursor.gap = undefined;
      if (!cursor || !canGoOn(subscription, cursor)) return { deliveries, hasMore: false, effects: flush() };
      const at = cursor.ring as Ring<F>;
      if (cursor.index < at.next) {
        const chunk = at.chunk(cursor.index, maxBytes);
        deliveries.push({ type: 'entries', chunk, ring: at });
        cursor.index = chunk.to;
        cursor.isProven = false;
        cursor.position = at.positionBefore(cursor.index);
      } else {
        const here = at.positionBefore(cursor.index);
        // A place after the ring's end at which nothing lies is not given up for that end: it may be proven for longer.
        if (cursor.position === 'start' || isAtOrBefore(cursor.position, here)) cursor.position = here;
      }
      const isAtEnd = at === ring && cursor.index === at.next;
      if (isAtEnd && state === 'whole' && !cursor.isLive) {
        cursor.isLive = true;
        deliveries.push({ type: 'live', at: cursor.position });
      }
      if (deliveries.length > 0) cursor.isAtStart = false;
      return { deliveries, hasMore: !isAtEnd, effects: flush() };
    },
  };
}
