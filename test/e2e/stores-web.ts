/** A web server that keeps boards as docs/stores.md does: arguments are the broker's URL, the built file of the document, and where to keep. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFlow, type NextState, type StoredState, toNodeHandler } from 'message-flow/backend';
import pg from 'pg';
import { app } from '../client/stores/app.ts';
import type { Board } from '../client/stores/board.ts';

interface Keeper {
  load(name: string): StoredState<Board> | Promise<StoredState<Board>>;
  save(name: string, next: NextState<Board>, expectedVersion: number): boolean | Promise<boolean>;
}

const [broker = '', file = '', place = ''] = process.argv.slice(2);
const flow = createFlow(app, {
  broker,
  development: true,
  authenticate: (request) => ({ user: request.headers.get('x-user') ?? '' }),
});
const { keepInSqlite, keepInPostgres } = await import(file);
const empty: Board = { cards: {}, order: [] };

function createPool(): pg.Pool {
  const pool = new pg.Pool({ host: place, user: 'postgres', database: 'postgres', query_timeout: 5_000, max: 5 });
  pool.on('error', () => {}); // the database fell: the next query says so
  return pool;
}

const boards: Keeper = keepInSqlite ? keepInSqlite(place, empty) : await keepInPostgres(createPool(), empty);
flow.store('board/:boardId').serve({
  load: ({ boardId }) => boards.load(boardId),
  save: ({ boardId }, next, expectedVersion) => boards.save(boardId, next, expectedVersion),
  allow: () => true,
});
const handle = toNodeHandler(flow.handler);
const server = createServer((request, response) => void handle(request, response));
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
