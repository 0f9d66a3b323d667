import type { ErrorRequestHandler, Response } from 'express';
import type { Refusal } from '../shared/upload.ts';
import { LightCurveError } from './light-curve-error.ts';
import { MAX_CURVE_BYTES } from './table.ts';

/** Answers with an error, as every route here does. */
export function refuse(response: Response, status: number, error: Refusal): void {
  response.status(status).json({ error });
}

/** Turns what a route threw into an answer: the file's fault is told in full, ours is not. */
export const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  if (error instanceof LightCurveError) {
    const { code, message, line } = error;
    refuse(response, code === 'too-large' ? 413 : 422, { code, message, ...(line === undefined ? {} : { line }) });
    return;
  }
  // Express and its body parser put the status on what they throw.
  const status = (error as { status?: number }).status ?? 500;
  if (status === 413) {
    refuse(response, status, { code: 'too-large', message: `Cannot read file: its limit is ${MAX_CURVE_BYTES} bytes` });
  } else if (status < 500) {
    refuse(response, status, { code: 'bad-request', message: 'Cannot read the request' });
  } else {
    console.error(error);
    refuse(response, status, { code: 'internal', message: 'Cannot answer: the server failed' });
  }
};
