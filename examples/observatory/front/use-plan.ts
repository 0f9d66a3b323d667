import type { StoreSync } from 'message-flow/client/stores';
import { useEffect, useReducer, useRef } from 'react';
import type { Plan, PlanAction } from '../shared/plan.ts';
import { useStore } from './hooks.ts';
import { changePlanLog, EMPTY_LOG, type PlanLog } from './plan-log.ts';

/** The plan as this page shows it, and how it came to be. */
export interface UsedPlan {
  plan: Plan;
  sync: StoreSync;
  log: PlanLog;
  /** Shows an action at once, and notes what the server says to it. */
  act(action: PlanAction): void;
}

export function usePlan(): UsedPlan {
  const [plan, dispatch, sync] = useStore('plan', {});
  const [log, change] = useReducer(changePlanLog, EMPTY_LOG);
  const count = useRef(0);
  const first = useRef(sync.version);

  useEffect(() => {
    const { version } = sync;
    if (version !== undefined && version !== first.current) change({ type: 'version', version });
  }, [sync]);

  async function say(action: PlanAction): Promise<void> {
    const key = String(++count.current);
    const targetName = nameTarget(plan, action);
    change({ type: 'done', deed: { key, action, targetName, outcome: undefined } });
    const outcome = await dispatch(action.name, action.input);
    change({ type: 'answered', key, outcome });
  }

  return { plan, sync, log, act: (action) => void say(action) };
}

function nameTarget({ targets }: Plan, { name, input }: PlanAction): string {
  return name === 'add' ? input.name : (targets.find(({ id }) => id === input.id)?.name ?? 'a target');
}
