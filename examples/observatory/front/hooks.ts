import { createHooks } from 'message-flow/react';
import type { observatory } from '../shared/contract.ts';

/** What components ask of the client, typed by the contract. */
export const { FlowProvider, useConnection, useStore } = createHooks<typeof observatory>();
