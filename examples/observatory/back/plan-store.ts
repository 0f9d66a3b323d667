import { join } from 'node:path';
import type { Flow } from 'message-flow/backend';
import type { observatory } from '../shared/contract.ts';
import type { Plan } from '../shared/plan.ts';
import { planInputs } from './plan-inputs.ts';
import { createVersions } from './versions.ts';

/** Keeps everyone's plan in `plan/` of the data folder, and says who may do what to it: anyone anything, in their own name. */
export function servePlan(flow: Flow<typeof observatory>, dataFolder: string): void {
  const versions = createVersions<Plan>(join(dataFolder, 'plan'), { targets: [] });
  flow.store('plan').serve({
    load: () => versions.load(),
    save: (_, next, expectedVersion) => versions.save(next, expectedVersion),
    allow: ({ user }, _, action) => action?.name !== 'add' || action.input.by === user,
    inputs: planInputs,
  });
}
