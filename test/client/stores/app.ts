import { contract, type } from 'message-flow/contract';
import { board } from './board.ts';

export const app = contract({ events: { notice: type<string>() }, stores: [board] });
