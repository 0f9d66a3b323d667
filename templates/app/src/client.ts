import { createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import { board } from './board.ts';
import type { app } from './contract.ts';

export const client = createClient<typeof app>({ url: '/websocket', use: [stores([board])] });
