import type { RetentionOptions } from '../broker/index.ts';
import type { DialectName } from '../protocol/index.ts';
import { choiceOption, durationOption, integerOption, type Option, type SettingsOf, textOption } from './option.ts';
import { DEVELOPMENT_OPTION, DIALECT_OPTION } from './options.ts';
import { LOG_LEVELS } from './program-log.ts';

/** The options of a message proxy. */
export type ProxyOptionTable = {
  readonly broker: Option<string | undefined>;
  readonly maxEntries: Option<number>;
  readonly maxAge: Option<number>;
  readonly xsub: Option<string | undefined>;
  readonly pull: Option<string | undefined>;
  readonly dialect: Option<readonly DialectName[]>;
  readonly development: Option<boolean>;
  readonly logLevel: Option<(typeof LOG_LEVELS)[number]>;
};

/** What a message proxy is set to. */
export type ProxySettings = SettingsOf<ProxyOptionTable>;

/** The options of a message proxy. */
export const PROXY_OPTIONS: ProxyOptionTable = {
  broker: textOption({
    says: "where to listen, the same URL as the gateways' and the backend's: zeromq+ipc:///folder or zeromq://host:port",
    placeholder: 'URL',
  }),
  maxEntries: integerOption({ says: 'how many of the newest messages of a log are kept', default: 1_000, least: 1 }),
  maxAge: durationOption({ says: 'how long a message is kept', default: '1h', least: '1s', most: '720h' }),
  xsub: textOption({
    says: 'where old publishers connect their PUB, such as ipc:///tmp/message_flow_in; with another broker than a proxy, it is all that runs',
    placeholder: 'ENDPOINT',
  }),
  pull: textOption({
    says: 'where old publishers connect their PUSH, such as tcp://127.0.0.1:64002',
    placeholder: 'ENDPOINT',
  }),
  dialect: DIALECT_OPTION,
  development: DEVELOPMENT_OPTION,
  logLevel: choiceOption({ says: 'how much is logged', choices: LOG_LEVELS, default: 'info' }),
};

/** Retention as the options set it. */
export function retentionOf(settings: { readonly maxEntries: number; readonly maxAge: number }): RetentionOptions {
  return { messages: { maxEntries: settings.maxEntries, maxAgeMs: settings.maxAge } };
}
