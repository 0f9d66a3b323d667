import type { LogName } from '../../protocol/index.ts';

/** What the keys and channels of this package begin with, for the rules of an account: `~flow:*`, `&flow:*`. */
const PREFIX = 'flow:';
/** A log's name holds no brace, as its segments are percent-encoded; so between braces it is the whole tag of its slot. */
const CHANNEL = /^flow:\d+:\{([^{}]+)\}$/;

/** The keys of a log: its end, and its entries. Redis Cluster keeps them together, by what is in the braces. */
export function nameLogKeys(log: LogName): [end: string, entries: string] {
  return [`${PREFIX}{${log}}`, `${PREFIX}{${log}}:entries`];
}

/** What remembers that a key was said. Written as JSON, so that halves of surrogate pairs stay different keys. */
export function nameSaidKey(log: LogName, key: string): string {
  return `${PREFIX}{${log}}:key:${JSON.stringify(key).slice(1, -1)}`;
}

/** Where a log's new entries are told. Channels know no databases, unlike keys, so the database is in their name. */
export function nameChannel(log: LogName, db: number): string {
  return `${PREFIX}${db}:{${log}}`;
}

/** The log of a channel. */
export function findLogOfChannel(channel: string): LogName | undefined {
  return CHANNEL.exec(channel)?.[1] as LogName | undefined;
}
