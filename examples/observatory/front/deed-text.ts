import type { RolledBackCode } from 'message-flow/client/stores';
import type { Refused } from 'message-flow/contract';
import type { PlanDeed } from './plan-log.ts';

/** Says what a user did: "Add M31". */
export function describeDeed({ action: { name, input }, targetName }: PlanDeed): string {
  switch (name) {
    case 'add':
      return `Add ${targetName}`;
    case 'move':
      return `Move ${targetName} ${input.places < 0 ? 'up' : 'down'}`;
    case 'tick':
      return `${input.isDone ? 'Tick' : 'Untick'} ${targetName}`;
    case 'remove':
      return `Remove ${targetName}`;
    default:
      return name satisfies never;
  }
}

/** Says why the server refused it, to who did it. */
export function describeRefusal({ code, message }: Refused<RolledBackCode>): string {
  switch (code) {
    case 'failed':
      return message; // a PlanError's
    case 'invalid-input':
      return 'The server does not take that';
    case 'not-allowed':
      return 'The server does not let you';
    case 'forgotten':
      return 'It took too long: the plan shows whether it was done';
    case 'signed-out':
    case 'user-changed':
      return 'You are no longer the one who did it';
    default:
      return 'The server could not do it';
  }
}
