import { CONTROL, joinLogName, kindOf, type LogName, userLog } from '../protocol/index.ts';
import { createRetention, type Retention, type RetentionOptions } from './retention.ts';

/** The streams that logs are kept in, one for each retention. */
export const STREAM_KINDS = ['messages', 'runs', 'control'] as const;

export type StreamKind = (typeof STREAM_KINDS)[number];

/** The stream that keeps a log. */
export function streamKindOf(log: LogName): StreamKind {
  const kind = kindOf(log);
  if (kind === 'run') return 'runs';
  return kind === 'control' ? 'control' : 'messages';
}

/** A log of each kind of stream, to ask for its retention. */
const SAMPLES: Record<StreamKind, LogName> = {
  messages: userLog('any'),
  runs: joinLogName('run', ['any', 'any', 'any']),
  control: CONTROL,
};

/** How long a stream keeps the entries of its logs. */
export function retentionOfStream(kind: StreamKind, options: RetentionOptions): Retention {
  return createRetention(options)(SAMPLES[kind]);
}
