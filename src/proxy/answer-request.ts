import type { Broker, Reading } from '../broker/index.ts';
import { BrokerError } from '../broker/index.ts';
import type { Answer, Request } from '../broker/zeromq/index.ts';

/** Most entries of one answer, and most bytes of their data: who asks for more asks again. */
const MAX_ANSWER_ENTRIES = 256;
const MAX_ANSWER_BYTES = 1_048_576;

/** Does what was asked. Never rejects: what fails is an answer too. */
export async function answerRequest(broker: Broker, request: Request): Promise<Answer> {
  try {
    switch (request.type) {
      case 'append':
        return { type: 'appended', at: await broker.append(request.log, request.entry) };
      case 'read': {
        const limit = Math.min(request.limit, MAX_ANSWER_ENTRIES);
        return bound(await broker.read(request.log, request.after, limit), limit, request.limit);
      }
      case 'tops':
        return { type: 'tops', tops: await broker.tops(request.logs) };
    }
  } catch (error) {
    const code = error instanceof BrokerError ? error.code : 'unavailable';
    return { type: 'failed', code, message: error instanceof Error ? error.message : String(error) };
  }
}

function bound(reading: Reading, limit: number, wanted: number): Answer {
  const entries: Reading['entries'][number][] = [];
  let bytes = 0;
  for (const entry of reading.entries) {
    bytes += entry.data.length; // characters: near enough for a bound
    if (bytes > MAX_ANSWER_BYTES && entries.length > 0) break;
    entries.push(entry);
  }
  const isCut = entries.length < reading.entries.length || (entries.length === limit && limit < wanted);
  return { type: 'read', reading: { ...reading, entries }, hasMore: isCut };
}
