import type { RetentionOptions } from '../broker/index.ts';
import { choiceOption, durationOption, integerOption, type Option, textOption } from './option.ts';
import { DEVELOPMENT_OPTION } from './options.ts';
import { LOG_LEVELS } from './program-log.ts';

/** The options of a message proxy. */
export type ProxyOptionTable = {
  readonly broker: Option<string | undefined>;
  readonly maxEntries: Option<number>;
  readonly maxAge: Option<number>;
  readonly development: Option<boolean>;
  readonly logLevel: Option<(typeof LOG_LEVELS)[number]>;
};

/** The options of a message proxy. */
export const PROXY_OPTIONS: ProxyOptionTable = {
  broker: textOption({
    says: "where to listen, the same URL as the gateways' and the backend's: zeromq+ipc:///folder or zeromq://host:port",
    placeholder: 'URL',
  }),
  maxEntries: integerOption({ says: 'how many of the newest messages of a log are kept', default: 1_000, least: 1 }),
  maxAge: durationOption({ says: 'how long a message is kept', default: '1h', least: '1s', most: '720h' }),
  development: DEVELOPMENT_OPTION,
  logLevel: choiceOption({ says: 'how much is logged', choices: LOG_LEVELS, default: 'info' }),
};

/** Retention as the options set it. */
export function retentionOf(settings: { readonly maxEntries: number; readonly maxAge: number }): RetentionOptions {
  return { messages: { maxEntries: settings.maxEntries, maxAgeMs: settings.maxAge } };
}
