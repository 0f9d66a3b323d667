import { createHooks, type Hooks } from 'message-flow/react';
import { Component, type ReactNode } from 'react';
import type { app } from '../client/stores/app.ts';

/** The hooks of all tests that show boards. */
export const hooks: Hooks<typeof app> = createHooks<typeof app>();

/** What `useStore` gives to change a board. */
export type Dispatch = ReturnType<typeof hooks.useStore<'board/:boardId'>>[1];

/** A board as text, with what is pending in brackets; hands its `dispatch` out. */
export function BoardView({ boardId, onDispatch }: { boardId: string; onDispatch?: (dispatch: Dispatch) => void }) {
  const [{ order, cards }, dispatch, sync] = hooks.useStore('board/:boardId', { boardId });
  onDispatch?.(dispatch);
  return `${boardId}: ${order.map((id) => cards[id]?.title).join(' ')} [${sync.pending}${sync.rolledBack?.code ?? ''}]`;
}

/** Shows what a component below it threw, until it is reset. */
export class Boundary extends Component<{ readonly children: ReactNode }> {
  override state = { message: '' };
  static getDerivedStateFromError = ({ message }: Error): { message: string } => ({ message });
  reset(): void {
    this.setState({ message: '' });
  }
  override render(): ReactNode {
    return this.state.message || this.props.children;
  }
}
