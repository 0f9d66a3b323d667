import type { Entry, NewEntry, Reading } from 'message-flow/broker';
import {
  findPositionParts,
  formatPosition,
  type GapReason,
  kindOf,
  type LogName,
  type Position,
  type PositionParts,
  tagOf,
} from 'message-flow/protocol';
import type { Engine, EngineOptions } from './engine.ts';
import type { KeptCause } from './history.ts';

interface Message {
  readonly seq: number;
  readonly log: Log;
  readonly entry: NewEntry;
  readonly ts: number;
  /** The one before it in its log. */
  readonly before: Message | undefined;
}

interface Log {
  readonly name: LogName;
  /** The first and the last that it ever had in this epoch. */
  first: Message | undefined;
  last: Message | undefined;
  /** The least that its bound ever was: with fewer entries, none went by it. */
  leastKept: number;
  /** What lies after this offset is proven; as it was last told. */
  told: number;
  readonly keys: Map<string, { readonly at: Position; readonly ts: number }>;
}

/** So many go together where a stream is kept in segments. */
const SEGMENT = 4;

/** Creates an engine that keeps all logs in one stream, and can say of a place no more than the stream shows. */
export function createStreamEngine({ plan, luck, now, note, keyWindowMs, forgetsKeys }: EngineOptions): Engine {
  const isCounting = plan.habits.stream === 'counts';
  const { maxEntries, maxAgeMs } = plan.retention;
  const logs = new Map<LogName, Log>();
  const listeners: ((log: LogName, entry: Entry) => void)[] = [];
  let epochCount = 1;
  let messages: Message[] = [];
  let lastSeq = 0;
  /** What is below went by age, others' messages in the holes too. */
  let goneSeq = 0;

  const epoch = () => `e${epochCount}`;
  const firstSeq = () => (isCounting ? goneSeq + 1 : (messages[0]?.seq ?? lastSeq + 1));
  const keptOf = (log: Log) => messages.filter((message) => message.log === log);
  const placeAt = (offset: number, tag = '') => formatPosition({ epoch: epoch(), offset, tag });
  const positionOf = ({ seq, entry }: Message) => placeAt(seq, tagOf(entry.key));
  const topOf = (log: Log) => {
    const last = keptOf(log).at(-1);
    return last ? positionOf(last) : placeAt(lastSeq);
  };

  function logOf(name: LogName): Log {
    const known = logs.get(name);
    if (known) return known;
    const log: Log = { name, first: undefined, last: undefined, leastKept: maxEntries, told: 0, keys: new Map() };
    logs.set(name, log);
    tell(log, 'created');
    return log;
  }

  /** What lies after this offset and is not kept never was. */
  function provenAfter(log: Log): number {
    const kept = keptOf(log);
    const isOver = isCounting && kept.length >= log.leastKept;
    return Math.max(firstSeq() - 1, isOver ? (kept[0] as Message).seq - 1 : 0);
  }

  function tell(log: Log, cause: KeptCause): void {
    log.told = provenAfter(log);
    note({ type: 'kept', ms: now(), log: log.name, cause, after: placeAt(log.told), top: topOf(log) });
  }

  function tellAll(cause: 'trimmed' | 'rolled-back' | 'restarted'): void {
    for (const log of logs.values()) if (cause !== 'trimmed' || log.told !== provenAfter(log)) tell(log, cause);
  }

  function drop(isDropped: (message: Message, index: number) => boolean): void {
    const { length } = messages;
    messages = messages.filter((message, index) => !isDropped(message, index));
    if (messages.length < length) tellAll('trimmed');
  }

  /** Drops the oldest of a log, or of all, beyond a bound. */
  function bound(log: Log, most: number): void {
    const kept = isCounting ? keptOf(log) : messages;
    const left = kept[kept.length - most];
    if (kept.length > most)
      drop((message) => message.seq < (left as Message).seq && (!isCounting || message.log === log));
  }

  function age(upTo: number): void {
    goneSeq = upTo;
    drop(({ seq }) => seq <= upTo);
  }

  function settle(): void {
    const tooOld = messages.filter(({ ts }) => now() - ts >= maxAgeMs).at(-1);
    if (tooOld) age(tooOld.seq);
    if (isCounting) for (const log of logs.values()) bound(log, maxEntries);
    else if (messages.length > maxEntries + SEGMENT) drop((_, index) => index < SEGMENT);
  }

  function judge(log: Log, kept: readonly Message[], { offset, tag }: PositionParts): 'anchored' | 'whole' | GapReason {
    const anchor = messages.find(({ seq }) => seq === offset);
    if (anchor?.log === log) return tag === '' || tag === tagOf(anchor.entry.key) ? 'anchored' : 'reset';
    if (tag !== '' && (anchor || offset === 0)) return 'reset';
    const [oldest] = kept;
    if (oldest && oldest.seq <= offset) return tag === '' ? 'whole' : 'reset';
    return oldest?.seq === offset + 1 || provenAfter(log) <= offset ? 'whole' : 'trimmed';
  }

  function judgeStart(log: Log, first: Message | undefined): 'whole' | 'trimmed' {
    return kindOf(log.name) !== 'run' || log.first === first ? 'whole' : 'trimmed';
  }

  /** As it is told at the live end. */
  function liveEntry(message: Message): Entry {
    const { before } = message;
    const isKept = before !== undefined && messages.includes(before);
    const tag = before && !isCounting ? { tag: tagOf(before.entry.key) } : {};
    return toEntry(message, isKept ? { offset: before.seq, ...tag } : null);
  }

  function toEntry(message: Message, previous: Entry['previous']): Entry {
    return { ...message.entry, at: positionOf(message), previous, ts: message.ts };
  }

  return {
    store(name, entry) {
      const log = logOf(name);
      settle();
      const said = log.keys.get(entry.key);
      const isHeld = !forgetsKeys || keptOf(log).some((message) => message.entry.key === entry.key);
      if (said && now() - said.ts < keyWindowMs && isHeld) return said.at;
      lastSeq += luck.chance(0.3) ? luck.between(1, 5) : 0; // what others appended, or a stream skips by itself
      const seq = ++lastSeq;
      const added: Message = { seq, log, entry, ts: now(), before: log.last };
      messages.push(added);
      log.first ??= added;
      log.last = added;
      const at = positionOf(added);
      log.keys.set(entry.key, { at, ts: now() });
      note({ type: 'stored', ms: now(), log: name, key: entry.key, at });
      const live = liveEntry(added); // before anything goes for it
      settle();
      tellAll('trimmed');
      for (const listener of listeners) listener(name, live);
      return at;
    },
    read(name, after, limit): Reading {
      const log = logOf(name);
      settle();
      const [kept, top] = [keptOf(log), topOf(log)];
      const mine = after === 'start' ? undefined : findPositionParts(after);
      const last = kept.at(-1);
      if (after !== 'start' && (mine?.epoch !== epoch() || mine.offset > (last?.seq ?? lastSeq)))
        return { entries: [], top, gap: 'reset' };
      const verdict = mine ? judge(log, kept, mine) : judgeStart(log, kept[0]);
      if (verdict === 'reset') return { entries: [], top, gap: verdict };
      let previous = verdict === 'anchored' && mine?.tag ? { offset: mine.offset, tag: mine.tag } : null;
      const entries = kept
        .filter(({ seq }) => seq > (mine?.offset ?? 0))
        .slice(0, limit)
        .map((message) => {
          const entry = toEntry(message, previous);
          previous = { offset: message.seq, tag: tagOf(message.entry.key) };
          return entry;
        });
      return verdict === 'trimmed' ? { entries, top, gap: verdict } : { entries, top };
    },
    top: (name) => topOf(logOf(name)),
    isEnd(name, at) {
      const log = logOf(name);
      const mine = findPositionParts(at);
      if (mine?.epoch !== epoch() || mine.offset > lastSeq) return false;
      const last = keptOf(log).at(-1);
      return last ? at === positionOf(last) || at === placeAt(last.seq) : mine.offset >= (log.last?.seq ?? 0);
    },
    isGone: (name, at) => !keptOf(logOf(name)).some((message) => positionOf(message) === at),
    trim(name, leftCount) {
      const log = logOf(name);
      settle();
      if (leftCount === 0) {
        age(lastSeq);
        return;
      }
      log.leastKept = Math.min(log.leastKept, leftCount);
      bound(log, leftCount);
      tellAll('trimmed');
    },
    rollBack(_, lostCount) {
      const first = firstSeq();
      const lost = messages.splice(Math.max(0, messages.length - lostCount));
      if (lost.length === 0) return;
      lastSeq = messages.at(-1)?.seq ?? first - 1;
      for (const { log, entry } of lost) log.keys.delete(entry.key);
      for (const log of logs.values()) {
        while (log.last && log.last.seq > lastSeq) log.last = log.last.before;
        if (!log.last) log.first = undefined;
      }
      tellAll('rolled-back');
    },
    restart() {
      if (lastSeq === 0) return; // one stream: its other logs began anew with the first that was said
      epochCount++;
      [messages, lastSeq, goneSeq] = [[], 0, 0];
      for (const log of logs.values()) {
        [log.first, log.last, log.leastKept] = [undefined, undefined, maxEntries];
        log.keys.clear();
      }
      tellAll('restarted');
    },
    expire: () => false,
    settleEnds() {
      for (const log of logs.values()) if (keptOf(log).length === 0) tell(log, 'moved');
    },
    onStored: (listener) => void listeners.push(listener),
  };
}
