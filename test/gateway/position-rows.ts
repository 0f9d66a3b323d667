import { findPositionParts, formatPosition, type Position, type PositionParts } from 'message-flow/protocol';

export const CHANNEL = 'channel/place';
const RUN = 'run/ada/count/one';

/** What the broker holds when a follower comes. */
export interface Situation {
  readonly log?: string;
  readonly appended: number;
  /** Newest entries that are kept; the others were trimmed. */
  readonly kept?: number;
  readonly from: (at: readonly Position[], top: Position) => string;
  readonly told: (at: readonly Position[], top: Position) => readonly string[];
}

/** The table of positions, row by row: what a follower comes with, and what it is told. */
export const ROWS: Record<string, Situation> = {
  'a position whose entry has its tag goes on after it': {
    appended: 5,
    from: (at) => at[2] as string,
    told: (at) => [...entries(at, 4), `LIVE ${at[4]}`],
  },
  'a position at the top is live at once': {
    appended: 5,
    from: (at) => at[4] as string,
    told: (at) => [`LIVE ${at[4]}`],
  },
  'a position that the first kept entry calls its previous goes on without a gap': {
    appended: 5,
    kept: 3,
    from: (at) => at[1] as string,
    told: (at) => [...entries(at, 3), `LIVE ${at[4]}`],
  },
  'a position without a tag goes on when nothing after it was trimmed': {
    appended: 5,
    from: (at) => alter(at[2], { tag: '' }),
    told: (at) => [...entries(at, 4), `LIVE ${at[4]}`],
  },
  'a position without a tag at the edge of what is kept goes on': {
    appended: 5,
    kept: 3,
    from: (at) => alter(at[1], { tag: '' }),
    told: (at) => [...entries(at, 3), `LIVE ${at[4]}`],
  },
  'the place before the first entry gives the whole log': {
    appended: 2,
    from: (at) => alter(at[0], { offset: 0, tag: '' }),
    told: (at) => [...entries(at, 1), `LIVE ${at[1]}`],
  },
  'a position older than what is kept is told trimmed just before the first kept, then gets what is kept': {
    appended: 5,
    kept: 3,
    from: (at) => at[0] as string,
    told: (at) => [`GAP trimmed ${at[1]}`, ...entries(at, 3), `LIVE ${at[4]}`],
  },
  'a position without a tag, after which something was trimmed, is told trimmed': {
    appended: 5,
    kept: 3,
    from: (at) => alter(at[0], { tag: '' }),
    told: (at) => [`GAP trimmed ${at[1]}`, ...entries(at, 3), `LIVE ${at[4]}`],
  },
  'an old position in a log that keeps nothing is told trimmed at the top': {
    appended: 5,
    kept: 0,
    from: (at) => at[2] as string,
    told: (at) => [`GAP trimmed ${at[4]}`, `LIVE ${at[4]}`],
  },
  'the end of a log that keeps nothing is live without a gap, at the same position': {
    appended: 5,
    kept: 0,
    from: (at) => at[4] as string,
    told: (at) => [`LIVE ${at[4]}`],
  },
  'the end of a log that was never used is live at the same position': {
    appended: 0,
    from: (_, top) => top,
    told: (_, top) => [`LIVE ${top}`],
  },
  'a position of another epoch is told reset at the top': {
    appended: 3,
    from: (at) => alter(at[1], { epoch: 'another' }),
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position whose tag differs is told reset at the top': {
    appended: 3,
    from: (at) => alter(at[1], { tag: '0badc0de' }),
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position at the top whose tag differs is told reset': {
    appended: 3,
    from: (at) => alter(at[2], { tag: '0badc0de' }),
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position before the first kept whose tag differs is told reset': {
    appended: 5,
    kept: 3,
    from: (at) => alter(at[1], { tag: '0badc0de' }),
    told: (at) => [`GAP reset ${at[4]}`, `LIVE ${at[4]}`],
  },
  'a position beyond the top is told reset, backwards': {
    appended: 3,
    from: (at) => alter(at[2], { offset: 9 }),
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position beyond the end of an unused log is told reset': {
    appended: 0,
    from: (_, top) => alter(top, { offset: 1, tag: '0badc0de' }),
    told: (_, top) => [`GAP reset ${top}`, `LIVE ${top}`],
  },
  'a text that is no position is told reset': {
    appended: 3,
    from: () => 'yesterday',
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'an empty text is told reset': {
    appended: 3,
    from: () => '',
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position above 2^53 − 1 is told reset': {
    appended: 3,
    from: (at) => (at[0] as string).replace(/:\d+:/, ':9007199254740993:'),
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  'a position longer than 64 bytes is told reset': {
    appended: 3,
    from: (at) => `${'x'.repeat(64)}${at[0]}`,
    told: (at) => [`GAP reset ${at[2]}`, `LIVE ${at[2]}`],
  },
  '"start" gives what messages are kept, without a gap': {
    appended: 5,
    kept: 3,
    from: () => 'start',
    told: (at) => [...entries(at, 3), `LIVE ${at[4]}`],
  },
  '"start" of a log that keeps nothing is live at the top': {
    appended: 5,
    kept: 0,
    from: () => 'start',
    told: (at) => [`LIVE ${at[4]}`],
  },
  '"start" of an unused log is live at its end': {
    appended: 0,
    from: () => 'start',
    told: (_, top) => [`LIVE ${top}`],
  },
  '"start" of a whole run gives all of it without a gap': {
    log: RUN,
    appended: 5,
    from: () => 'start',
    told: (at) => [...entries(at, 1), `LIVE ${at[4]}`],
  },
  '"start" of a run whose first entry is gone is told trimmed first': {
    log: RUN,
    appended: 5,
    kept: 3,
    from: () => 'start',
    told: (at) => [`GAP trimmed ${at[1]}`, ...entries(at, 3), `LIVE ${at[4]}`],
  },
  '"start" of a run of which nothing is kept is told trimmed at the top': {
    log: RUN,
    appended: 5,
    kept: 0,
    from: () => 'start',
    told: (at) => [`GAP trimmed ${at[4]}`, `LIVE ${at[4]}`],
  },
};

function entries(at: readonly Position[], first: number): string[] {
  return at.slice(first - 1).map((position, i) => `entry ${first + i} ${position}`);
}

function alter(at: Position | undefined, parts: Partial<PositionParts>): Position {
  return formatPosition({ ...(findPositionParts(at as string) as PositionParts), ...parts });
}
