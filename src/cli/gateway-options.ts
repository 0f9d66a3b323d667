import type { DialectName } from '../protocol/index.ts';
import {
  choiceOption,
  durationOption,
  integerOption,
  listOption,
  type Option,
  type SettingsOf,
  switchOption,
  textOption,
} from './option.ts';
import { DEVELOPMENT_OPTION, DIALECT_OPTION, PATH_OPTION, PUBLISH_KEY_OPTION, SECRET_OPTION } from './options.ts';
import { LOG_LEVELS } from './program-log.ts';
import { formatSafe } from './safe-text.ts';

/** The options of a gateway that runs alone. */
export type GatewayOptionTable = {
  readonly port: Option<number>;
  readonly host: Option<string>;
  readonly socket: Option<string | undefined>;
  readonly path: Option<string>;
  readonly broker: Option<string>;
  readonly single: Option<boolean>;
  readonly secret: Option<readonly string[]>;
  readonly publishKey: Option<string | undefined>;
  readonly origin: Option<readonly string[]>;
  readonly dialect: Option<readonly DialectName[]>;
  readonly unexpiringTokens: Option<boolean>;
  readonly development: Option<boolean>;
  readonly heartbeat: Option<number>;
  readonly pingInterval: Option<number>;
  readonly silenceTimeout: Option<number>;
  readonly drainWindow: Option<number>;
  readonly maxConnections: Option<number>;
  readonly logLevel: Option<(typeof LOG_LEVELS)[number]>;
};

/** Addresses that only this machine reaches. */
const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

/** What a gateway is set to. */
export type GatewaySettings = SettingsOf<GatewayOptionTable>;

/** The options of a gateway that runs alone, which `check` knows too. */
export const GATEWAY_OPTIONS: GatewayOptionTable = {
  port: integerOption({
    says: 'the port to listen on; 0 takes any that is free and prints it',
    default: 4567,
    least: 0,
    most: 65_535,
  }),
  host: textOption({
    says: 'the address to listen on; 0.0.0.0 for all of this machine',
    placeholder: 'ADDRESS',
    default: '127.0.0.1',
  }),
  socket: textOption({ says: 'a Unix socket to listen on, instead of a port', placeholder: 'PATH' }),
  path: PATH_OPTION,
  broker: textOption({
    says: "where the logs are kept, the same as the backend's: redis://…, nats://…, amqp://…, or zeromq+ipc:///folder or zeromq://host:port, where message-flow proxy is; memory: is this process alone, so it needs --single",
    placeholder: 'URL',
    default: 'memory:',
  }),
  single: switchOption({ says: 'states that this process is all there is, so that memory: will do' }),
  secret: SECRET_OPTION,
  publishKey: PUBLISH_KEY_OPTION,
  origin: listOption({
    says: "a site whose pages may connect, such as https://example.com; default the page's own host; * for any, with --development",
    placeholder: 'ORIGIN',
    divider: /[\s,]+/,
    check: (text) => (isOrigin(text) ? undefined : 'it must be scheme and host alone, such as https://example.com'),
  }),
  dialect: DIALECT_OPTION,
  unexpiringTokens: switchOption({
    says: "with --dialect: takes older peers' tokens that have no end; a revocation of such a user holds for a day",
  }),
  development: DEVELOPMENT_OPTION,
  heartbeat: durationOption({
    says: 'how often a sign of life goes out; proxies cut silence, nginx at 60s',
    default: '25s',
    least: '1s',
    most: '1h',
  }),
  pingInterval: durationOption({
    says: 'how often clients are pinged; off checks no silence',
    default: '25s',
    least: '1s',
    most: '1h',
    mayBeOff: true,
  }),
  silenceTimeout: durationOption({
    says: 'how long a client may be silent before it is let go',
    default: '35s',
    least: '1s',
    most: '2h',
  }),
  drainWindow: durationOption({
    says: 'within what time clients leave once the gateway is to end',
    default: '20s',
    least: '1ms',
    most: '1h',
  }),
  maxConnections: integerOption({ says: 'most connections; the next is told to try later', default: 50_000, least: 1 }),
  logLevel: choiceOption({ says: 'how much is logged', choices: LOG_LEVELS, default: 'info' }),
};

/** Finds what is wrong or unsafe in how a gateway's settings go together; each says what to set. */
export function findGatewayFaults(settings: GatewaySettings, sources: ReadonlyMap<string, string>): string[] {
  const { broker, single, development, origin, pingInterval, silenceTimeout } = settings;
  const faults: string[] = [];
  if (/^memory:/i.test(broker) && !single && !development) {
    faults.push(
      'Cannot use memory: as the broker: no other process could reach it; say --single if this one is all there is, or name another by --broker',
    );
  }
  if (origin.includes('*') && !development) {
    faults.push(
      "Cannot let pages of any origin connect: list those of your pages by --origin, or leave it out for the page's own host",
    );
  }
  if (pingInterval !== Number.POSITIVE_INFINITY && silenceTimeout <= pingInterval) {
    faults.push(
      'Cannot use a silence timeout that is no longer than the ping interval: clients would be let go before they could answer',
    );
  }
  if (settings.unexpiringTokens && settings.dialect.length === 0) {
    faults.push('Cannot take tokens without an end: they are of older peers; list those by --dialect, or leave it out');
  }
  const isOnNetwork = settings.socket === undefined && !LOOPBACK.includes(settings.host);
  if (development && isOnNetwork && (settings.secret.length === 0 || settings.publishKey === undefined)) {
    faults.push(
      `Cannot listen on ${formatSafe(settings.host, 80)} in development: who reaches it could be any user; set --secret-file and --publish-key-file, or leave --host out`,
    );
  }
  const tcp = sources.get('port') ?? sources.get('host');
  if (settings.socket !== undefined && tcp !== undefined) {
    faults.push(`Cannot use both ${sources.get('socket')} and ${tcp}: leave one out`);
  }
  return faults;
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text);
}
