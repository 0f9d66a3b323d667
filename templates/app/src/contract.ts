import { channel, contract, type } from 'message-flow/contract';
import { board } from './board.ts';

export const app = contract({
  events: { 'report/done': type<{ text: string }>() },
  channels: [channel('team/:team', { 'report/ordered': type<{ by: string }>() })],
  stores: [board],
});
