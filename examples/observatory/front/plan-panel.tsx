import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { MAX_TARGET_CHARS } from '../shared/plan.ts';
import { PlanLanes } from './plan-lanes.tsx';
import { TargetRow } from './target-row.tsx';
import { usePlan } from './use-plan.ts';

export interface PlanPanelProps {
  /** Undefined until the connection knows. */
  user: string | undefined;
  onSlow: (isSlow: boolean) => void;
}

/** The one plan of all visitors: what is done here shows at once, and what the server says to it in the lanes below. */
export function PlanPanel({ user, onSlow }: PlanPanelProps): ReactNode {
  const { plan, sync, log, act } = usePlan();
  const [name, setName] = useState('');
  const list = useRef<HTMLOListElement>(null);
  const { targets } = plan;
  const pending = new Set(log.deeds.flatMap(({ outcome, action }) => (outcome ? [] : [action.input.id])));

  function add(event: FormEvent): void {
    event.preventDefault();
    const trimmed = name.trim();
    if (trimmed === '' || user === undefined) return;
    act({ name: 'add', input: { id: createId(), name: trimmed, by: user } });
    setName('');
  }

  return (
    <>
      <form className="add-target" onSubmit={add}>
        <input
          aria-label="Name of a target"
          placeholder="A target, such as M31"
          maxLength={MAX_TARGET_CHARS}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <button type="submit">Add</button>
      </form>
      <ol className="targets" ref={list} tabIndex={-1} aria-label="Targets of the plan">
        {targets.map((target, i) => (
          <TargetRow
            key={target.id}
            target={target}
            isFirst={i === 0}
            isLast={i === targets.length - 1}
            isPending={pending.has(target.id)}
            isOwn={target.by === user}
            onAct={(action) => {
              // Its buttons go with it, and the focus would go to the top of the page.
              if (action.name === 'remove') list.current?.focus();
              act(action);
            }}
          />
        ))}
      </ol>
      {targets.length === 0 && <p className="empty">Nothing is planned yet.</p>}
      <p className="sync note">
        <span>
          Version <b>{sync.version}</b>, {sync.pending} pending
          {sync.stale && ', perhaps old'}
        </span>
        <label>
          <input type="checkbox" autoComplete="off" onChange={({ target }) => onSlow(target.checked)} /> Slow network: 3
          s to the server
        </label>
      </p>
      <PlanLanes log={log} />
    </>
  );
}

/** Not `crypto.randomUUID`, which a page has only over TLS or from its own machine. */
function createId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
