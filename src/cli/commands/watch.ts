import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { formatEntry, formatJsonEntry, type WatchedEntry } from '../entry-line.ts';
import { formatWebSocketUrl } from '../gateway-socket.ts';
import { choiceOption, integerOption, switchOption, textOption } from '../option.ts';
import {
  DEVELOPMENT_OPTION,
  EXAMPLE_GATEWAY,
  findUrlFault,
  KNOWN_SECRET,
  PATH_OPTION,
  SECRET_OPTION,
  TOKEN_OPTION,
} from '../options.ts';
import { getSigningSecret, readSubject, signFor } from '../subject.ts';
import { watchLogs } from '../watcher.ts';

/** Less than a minute ahead of its end a gateway asks for the next, so this is also how often one is made. */
const TOKEN_LIFETIME_MS = 600_000;

/** Follows a user's logs through a running gateway, a line an entry. */
export const watchCommand: Command = createCommand({
  name: 'watch',
  says: "follows a user's messages, those to everyone, and channels, through a running gateway",
  usages: ['<user> [log…]'],
  notes: [
    'Prints one line an entry: time, log, position, event, data; gaps and how the connection is go to stderr. After a lost',
    'connection it goes on where it was. Ends by Ctrl-C, and with exit code 1 when it was refused or revoked.',
  ],
  options: {
    gateway: textOption({
      says: 'the gateway: where its HTTP routes are (WebSockets are then at --path), or a ws:// address as it is',
      placeholder: 'URL',
      default: EXAMPLE_GATEWAY,
      check: (text) => findUrlFault(text, ['http:', 'https:', 'ws:', 'wss:']),
    }),
    path: PATH_OPTION,
    secret: SECRET_OPTION,
    development: { ...DEVELOPMENT_OPTION, says: KNOWN_SECRET },
    token: TOKEN_OPTION,
    from: choiceOption({
      says: 'where to begin: all that is kept, or what comes',
      choices: ['start', 'now'],
      default: 'now',
      isFlagOnly: true,
    }),
    count: integerOption({ says: 'ends after so many entries', least: 1, isFlagOnly: true }),
    json: switchOption({ says: 'prints each entry as a line of JSON', isFlagOnly: true }),
  },
  examples: [
    'message-flow watch ada --development',
    'message-flow watch ada channel/project/p1 --from start --count 10 --json',
  ],
  async run({ settings, positionals, io }) {
    const { secret, development, token, from, count, json, gateway, path } = settings;
    const subject = readSubject(takePositionals('watch', positionals, ['<user>', '[log…]']));
    const signing =
      token === undefined ? getSigningSecret(secret, development, ', or give a token by FLOW_TOKEN') : undefined;
    const enough = new AbortController();
    const format = json ? formatJsonEntry : formatEntry;
    let printed = 0;

    function print(entry: WatchedEntry): void {
      if (printed === count) return;
      io.stdout.write(`${format(entry, io.wallClock())}\n`);
      if (++printed === count) enough.abort();
    }

    async function makeToken(isRenewal: boolean): Promise<string | undefined> {
      if (signing === undefined) return isRenewal ? undefined : token;
      return await signFor(subject, signing, { issuedAtMs: io.wallClock(), lifetimeMs: TOKEN_LIFETIME_MS });
    }

    await watchLogs({
      url: formatWebSocketUrl(gateway, path),
      subject,
      from,
      makeToken,
      onEntry: print,
      onNews: (line) => io.stderr.write(`message-flow watch: ${line}\n`),
      io: { ...io, signal: AbortSignal.any([io.signal, enough.signal]) },
    });
    return 0;
  },
});
