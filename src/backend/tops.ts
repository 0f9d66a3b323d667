import { awaitWithin, type LogName, type Position } from '../protocol/index.ts';
import { HttpError } from './http-answer.ts';
import type { ResolvedOptions } from './options.ts';

/** How long the broker may take to say where logs end, in milliseconds; a page waits for it. */
const TOPS_TIMEOUT_MS = 2_000;

/**
 * Asks the broker where logs end.
 * @throws {HttpError} `unavailable` when it fails or gives no answer in time
 */
export async function readTops(
  { broker, clock, report }: Pick<ResolvedOptions, 'broker' | 'clock' | 'report'>,
  logs: readonly LogName[],
): Promise<ReadonlyMap<LogName, Position>> {
  try {
    return await awaitWithin(clock, TOPS_TIMEOUT_MS, () => broker.tops(logs));
  } catch (error) {
    report({ type: 'tops-failed', error });
    throw new HttpError('unavailable');
  }
}
