import type { Entry, Reading } from 'message-flow/broker';
import { EVERYONE, findPositionParts, formatPosition, type Position, type StartPosition } from 'message-flow/protocol';
import type { Engine } from './engine.ts';
import type { MannerName } from './manners.ts';
import { withFaults } from './page-faults.ts';
import type { FaultKind, Plan } from './plan.ts';
import type { Sabotage } from './sabotage.ts';

/** The system with one check taken away: the simulation must find that it fails. */
export interface Variant {
  readonly name: string;
  /** Each of these must catch it. @default any */
  readonly manners?: readonly MannerName[];
  readonly sabotage: Sabotage;
}

/** Every check that the promise rests on, each taken away alone. */
export const VARIANTS: readonly Variant[] = [
  {
    name: 'hole: previous hides what the live path lost',
    manners: ['any', 'zeromq', 'nats'],
    sabotage: { bend: losing, live: (entry, former) => (former ? { ...entry, previous: placeOnly(former) } : entry) },
  },
  {
    name: 'tail: the engine never says interrupted',
    manners: ['any', 'zeromq', 'nats', 'redis'],
    sabotage: { bend: losing, isUnchecked: true },
  },
  {
    name: 'anchor: tags are not compared',
    manners: ['any', 'redis'],
    sabotage: {
      bend: (plan) => facing(plan, 'roll-back'),
      live: (entry) => (entry.previous ? { ...entry, previous: { offset: entry.previous.offset } } : entry),
      read: (engine, log, after, limit) => engine.read(log, withParts(after, { tag: '' }), limit),
    },
  },
  {
    name: 'epoch: another numbering is taken for this one',
    manners: ['any', 'memory', 'zeromq', 'nats', 'redis', 'rabbitmq'],
    sabotage: {
      bend: (plan) => facing(plan, 'restart'),
      read(engine, log, after, limit) {
        const { epoch = '' } = findPositionParts(engine.top(log)) ?? {};
        return engine.read(log, withParts(after, { epoch, tag: '' }), limit);
      },
    },
  },
  {
    name: 'trimmed: not said by read',
    manners: ['any', 'memory', 'zeromq', 'nats', 'redis', 'rabbitmq'],
    sabotage: { bend: forgetting, read: (...call) => withoutGap(read(...call), 'trimmed') },
  },
  {
    name: 'reset: not said by read',
    manners: ['any', 'redis'],
    sabotage: { bend: (plan) => facing(plan, 'roll-back'), read: (...call) => withoutGap(read(...call), 'reset') },
  },
  {
    name: 'gap frame: lost on the wire',
    manners: ['any', 'memory', 'zeromq', 'nats', 'redis', 'rabbitmq'],
    sabotage: { bend: forgetting, frame: (text) => (text.startsWith('{"id":"GAP"') ? undefined : text) },
  },
  {
    name: 'gap at: the client stays where it was',
    manners: ['any', 'redis'],
    sabotage: {
      bend: (plan) => facing(plan, 'roll-back'),
      frame: (text, mine) => (text.startsWith('{"id":"GAP"') ? withPlace(text, mine) : text),
    },
  },
  {
    name: 'empty log: it has no position',
    manners: ['any', 'nats'],
    sabotage: {
      tokenPlace: (log, at) => (log === EVERYONE && at.endsWith(':') ? undefined : at),
      frame: (text) => (text.startsWith('{"id":"LIVE"') && text.includes(':"}}') ? undefined : text),
    },
  },
  {
    name: 'pending: live entries are dropped while a read is under way',
    sabotage: { live: (entry, _, isReading) => (isReading ? undefined : entry) },
  },
  { name: 'leader: reads come from a replica that lags', manners: ['any', 'redis'], sabotage: { read: readLate } },
  { name: 'shared answer: reads under way at once get one answer', sabotage: { isReadShared: true } },
  { name: 'slow joiner: a tail is said to deliver too early', sabotage: { attachDelayMs: 500 } },
  { name: 'resume: the client does not send its positions', sabotage: { request: withoutPositions } },
  {
    name: 'slow consumer: what does not fit is thrown away',
    sabotage: { bend: (plan) => ({ ...plan, network: { ...plan.network, roomBytes: 500 } }), dropsWhenFull: true },
  },
  {
    name: 'reload: positions are saved before the last entry',
    sabotage: { bend: (plan) => facing(plan, 'reload'), isSavedLate: true },
  },
  {
    name: 'close: the token of before is used again',
    sabotage: { bend: (plan) => facing(plan, 'sign-in'), keepsToken: true },
  },
  {
    name: 'close: who connects again begins anew',
    sabotage: { bend: (plan) => facing(plan, 'close'), beginsAnew: true },
  },
  {
    name: 'places: they are not kept by user',
    sabotage: { bend: (plan) => facing(plan, 'sign-in'), sharesPlaces: true },
  },
  {
    name: 'key: what is said again is stored again',
    sabotage: { bend: (plan) => ({ ...plan, publishing: { ...plan.publishing, answerLoss: 0.3 } }), forgetsKeys: true },
  },
  {
    name: 'cut: a reader that was cut off as slow does not say so',
    manners: ['redis'],
    sabotage: { isCutUntold: true },
  },
  {
    name: 'clamp: who was overtaken reads on as if nothing had gone',
    manners: ['rabbitmq'],
    sabotage: {
      bend: (plan) => ({ ...forgetting(plan), live: { ...plan.live, maxDelayMs: 2_000 } }),
      isJumpUnseen: true,
    },
  },
  {
    name: 'first: an unknown predecessor is taken for the last that was heard',
    manners: ['nats'],
    sabotage: {
      bend: (plan) => losing(facing(plan, 'empty')),
      live: (entry, former) => ({ ...entry, previous: entry.previous ?? (former ? placeOnly(former) : { offset: 0 }) }),
    },
  },
  {
    name: 'known limit: a key is forgotten with its entry',
    manners: ['rabbitmq'],
    sabotage: {
      bend: (plan) => ({ ...forgetting(plan), publishing: { ...plan.publishing, answerLoss: 0.3 } }),
      forgetsOldKeys: true,
    },
  },
  {
    name: 'known limit: a lost key comes to its old place again',
    manners: ['any', 'redis'],
    sabotage: { bend: (plan) => facing(plan, 'roll-back'), takesOldPlaces: true },
  },
  {
    name: 'known limit: a rollback where previous has no tags',
    manners: ['any', 'nats'],
    sabotage: {
      bend: (plan) => ({ ...facing(plan, 'roll-back'), engine: { ...plan.engine, hasTags: false } }),
    },
  },
];

function losing(plan: Plan): Plan {
  return { ...plan, live: { ...plan.live, loss: 0.2 } };
}

function forgetting(plan: Plan): Plan {
  return { ...plan, retention: { ...plan.retention, maxEntries: 3 } };
}

/** Certain to meet a kind of fault, in the middle of the run. */
function facing(plan: Plan, kind: FaultKind): Plan {
  const engine = { ...plan.engine, hasTags: true };
  return withFaults({ ...plan, engine }, [{ kind, ms: plan.activeMs / 2 }]);
}

function read(engine: Engine, ...call: Parameters<Engine['read']>): Reading {
  return engine.read(...call);
}

function withoutGap({ gap, ...reading }: Reading, left: Reading['gap']): Reading {
  return gap === undefined || gap === left ? reading : { ...reading, gap };
}

/** As if the latest entry had not come yet. */
function readLate(engine: Engine, ...[log, after, limit]: Parameters<Engine['read']>): Reading {
  const reading = engine.read(log, after, limit);
  const [former, latest] = engine.read(log, 'start', 10_000).entries.slice(-2);
  if (!former || !latest) return reading;
  if (after === latest.at) return { entries: [], top: former.at, gap: 'reset' };
  return { ...reading, entries: reading.entries.filter(({ at }) => at !== latest.at), top: former.at };
}

function placeOnly({ at }: Entry): { offset: number } {
  return { offset: findPositionParts(at)?.offset ?? 0 };
}

function withParts(after: StartPosition, changed: { readonly epoch?: string; readonly tag: string }): StartPosition {
  const parts = after === 'start' ? undefined : findPositionParts(after);
  return parts ? formatPosition({ ...parts, ...changed }) : after;
}

function withPlace(text: string, mine: Parameters<NonNullable<Sabotage['frame']>>[1]): string {
  const frame = JSON.parse(text) as { data: { log: Parameters<typeof mine>[0]; at: Position } };
  const at = mine(frame.data.log);
  if (at !== undefined && at !== 'start') frame.data.at = at;
  return JSON.stringify(frame);
}

function withoutPositions(text: string): string {
  if (!text.startsWith('{"id":"AUTH"')) return text;
  const frame = JSON.parse(text) as { data: { logs: Record<string, string> } };
  delete frame.data.logs[EVERYONE];
  return JSON.stringify(frame);
}
