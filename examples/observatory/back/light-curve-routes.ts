import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import express, { type Request, type Response, Router } from 'express';
import type { Desk } from './desk.ts';
import { toLine } from './plain-text.ts';
import { refuse } from './refusal.ts';
import { requireSameOrigin } from './same-origin.ts';
import { MAX_CURVE_BYTES } from './table.ts';
import { findVisitor } from './visitor.ts';

const SAMPLES = ['sunspots', 'co2'];
const MAX_FILE_NAME_CHARS = 120;
const RUN_ID = /^[0-9a-f-]{36}$/;

export interface LightCurveRoutesOptions {
  desk: Desk;
  /** Where the samples lie. */
  seriesFolder: string;
}

/**
 * The light-curve desk over HTTP. Every answer comes at once; what takes longer is told over the user's log.
 *
 * | route | answer |
 * |---|---|
 * | `GET /` | the user's runs, newest first |
 * | `POST /?name=a.csv`, `text/csv` | 202 and the run, or 4xx and what is wrong in which line |
 * | `POST /samples/sunspots`, `/samples/co2` | the same for a file that ships |
 * | `POST /<id>/cancel` | 202; that it is cancelled is told over the log, as it may be done at this moment |
 */
export function createLightCurveRoutes({ desk, seriesFolder }: LightCurveRoutesOptions): Router {
  const routes = Router();

  routes.use((request, response, next) => {
    response.set('cache-control', 'no-store');
    if (findVisitor(request.get('cookie'))) next();
    else refuse(response, 401, { code: 'signed-out', message: 'Cannot tell who asks: load the page first' });
  });

  routes.get('/', async (request, response) => {
    response.json({ runs: await desk.list(userOf(request)) });
  });

  routes.post('/samples/:name', requireSameOrigin, async (request, response) => {
    const { name } = request.params;
    if (typeof name !== 'string' || !SAMPLES.includes(name)) {
      refuse(response, 404, { code: 'not-found', message: `Cannot find that sample: there are ${SAMPLES.join(', ')}` });
      return;
    }
    await post(request, response, `${name}.csv`, await readFile(join(seriesFolder, `${name}.csv`)));
  });

  // Not one of the types that a form can send, so that another site's page would have to ask first, in vain.
  const readCsv = express.raw({ type: 'text/csv', limit: MAX_CURVE_BYTES });
  routes.post('/', requireSameOrigin, readCsv, async (request, response) => {
    if (!request.is('text/csv')) {
      refuse(response, 415, { code: 'not-csv', message: 'Cannot read file: it must be sent as text/csv' });
      return;
    }
    const { name } = request.query;
    const fileName = typeof name === 'string' ? toLine(name, MAX_FILE_NAME_CHARS) : '';
    const csv: unknown = request.body;
    await post(request, response, fileName || 'unnamed.csv', csv instanceof Uint8Array ? csv : new Uint8Array());
  });

  routes.post('/:id/cancel', requireSameOrigin, async (request, response) => {
    const { id } = request.params;
    if (typeof id === 'string' && RUN_ID.test(id) && (await desk.cancel(userOf(request), id)))
      response.status(202).json({ id });
    else refuse(response, 404, { code: 'not-found', message: 'Cannot cancel that run: it is not under way' });
  });

  async function post(request: Request, response: Response, fileName: string, csv: Uint8Array): Promise<void> {
    response.status(202).json({ run: await desk.post(userOf(request), fileName, csv) });
  }

  return routes;
}

function userOf(request: Request): string {
  const user = findVisitor(request.get('cookie'));
  if (user === undefined) throw new Error('Cannot tell who asks: the request passed without a ticket');
  return user;
}
