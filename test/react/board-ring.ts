import type { StoredState } from 'message-flow/backend';
import { createRing, type Ring } from 'message-flow/testing';
import { onTestFinished } from 'vitest';
import { app } from '../client/stores/app.ts';
import type { Board } from '../client/stores/board.ts';

/** A ring whose backend keeps boards; `secret` may be seen by nobody. */
export interface BoardRing {
  readonly ring: Ring<typeof app>;
  readonly rows: Map<string, StoredState<Board>>;
  /** How often the backend was asked for a state. */
  readonly loads: number;
}

export function openBoardRing(): BoardRing {
  const ring = createRing(app);
  onTestFinished(() => ring.close());
  const empty: StoredState<Board> = { state: { cards: {}, order: [] }, version: 0 };
  let loads = 0;
  const opened: BoardRing = {
    ring,
    rows: new Map([
      ['b1', empty],
      ['b2', empty],
    ]),
    get loads() {
      return loads;
    },
  };
  ring.flow.store('board/:boardId').serve({
    load({ boardId }) {
      loads++;
      return opened.rows.get(boardId);
    },
    save({ boardId }, next, expectedVersion) {
      if (opened.rows.get(boardId)?.version !== expectedVersion) return false;
      opened.rows.set(boardId, next);
      return true;
    },
    allow: (_, { boardId }) => boardId !== 'secret',
  });
  return opened;
}
