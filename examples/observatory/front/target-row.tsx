import type { ReactNode } from 'react';
import type { PlanAction, Target } from '../shared/plan.ts';

export interface TargetRowProps {
  target: Target;
  isFirst: boolean;
  isLast: boolean;
  /** Something that this page did to it is not confirmed. */
  isPending: boolean;
  isOwn: boolean;
  onAct: (action: PlanAction) => void;
}

/** Shows one target of the plan, with what can be done to it: all of it by keyboard too. */
export function TargetRow({ target, isFirst, isLast, isPending, isOwn, onAct }: TargetRowProps): ReactNode {
  const { id, name, by, isDone } = target;
  const move = (places: number) => onAct({ name: 'move', input: { id, places } });
  return (
    <li className={isPending ? 'target pending' : 'target'} data-target={name}>
      <label>
        <input
          type="checkbox"
          checked={isDone}
          onChange={() => onAct({ name: 'tick', input: { id, isDone: !isDone } })}
        />
        <span className={isDone ? 'name done' : 'name'}>{name}</span>
      </label>
      <span className="note" title={by}>
        {isPending ? 'pending' : isOwn ? 'yours' : `by ${shortenUser(by)}`}
      </span>
      <MoveButton label={`Move ${name} up`} sign="↑" isIdle={isFirst} onMove={() => move(-1)} />
      <MoveButton label={`Move ${name} down`} sign="↓" isIdle={isLast} onMove={() => move(1)} />
      <button
        type="button"
        className="quiet"
        aria-label={`Remove ${name}`}
        onClick={() => onAct({ name: 'remove', input: { id } })}
      >
        ×
      </button>
    </li>
  );
}

interface MoveButtonProps {
  label: string;
  sign: string;
  isIdle: boolean;
  onMove: () => void;
}

function MoveButton({ label, sign, isIdle, onMove }: MoveButtonProps): ReactNode {
  return (
    // Not `disabled`, which takes the focus away from who has moved a target to the end by keyboard.
    <button
      type="button"
      className="quiet"
      aria-label={label}
      aria-disabled={isIdle}
      onClick={() => {
        if (!isIdle) onMove();
      }}
    >
      {sign}
    </button>
  );
}

/** The words of a name, without the digits that make two users two. */
function shortenUser(user: string): string {
  return user.replace(/-[0-9a-f]{12}$/, '');
}
