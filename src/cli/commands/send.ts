import { randomUUID } from 'node:crypto';
import { findJson, isJsonObject, MAX_KEY_BYTES, utf8Length } from '../../protocol/index.ts';
import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { createFailure, createMistake } from '../command-error.ts';
import { askGateway, type GatewayAnswer } from '../gateway-request.ts';
import { type SettingsOf, switchOption, textOption } from '../option.ts';
import { EXAMPLE_GATEWAY, findUrlFault, PUBLISH_KEY_OPTION } from '../options.ts';
import { escapeControls, formatSafe } from '../safe-text.ts';
import { readLogName, readUserLog } from '../subject.ts';

const OPTIONS = {
  everyone: switchOption({ says: 'to everyone who is signed in, instead of one user', isFlagOnly: true }),
  log: textOption({
    says: 'to those who follow a log, such as channel/project/p1',
    placeholder: 'LOG',
    isFlagOnly: true,
  }),
  key: textOption({
    says: 'said twice with the same key, it is delivered once; default a random one',
    placeholder: 'KEY',
    isFlagOnly: true,
    check: findNameFault,
  }),
  gateway: textOption({
    says: "where the gateway's HTTP routes are",
    placeholder: 'URL',
    default: EXAMPLE_GATEWAY,
    check: (text) => findUrlFault(text, ['http:', 'https:']),
  }),
  publishKey: {
    ...PUBLISH_KEY_OPTION,
    says: "the gateway's publish key; a gateway in development on this machine asks for none",
  },
};

/** Sends one message through a gateway and prints its position. */
export const sendCommand: Command = createCommand({
  name: 'send',
  says: 'sends a message through a gateway and prints its position',
  usages: ['<user> <event> <json>', '--everyone <event> <json>', '--log <log> <event> <json>'],
  notes: ['The data is JSON and goes out as it is typed, so in a shell a text needs both quotes: \'"hello"\'.'],
  options: OPTIONS,
  examples: [
    `message-flow send ada "TASK DONE" '"hello"'`,
    `message-flow send --log channel/project/p1 file/saved '{"path": "a.md"}' --gateway http://127.0.0.1:4567 --publish-key-file key.txt`,
  ],
  async run({ settings, positionals, io }) {
    const { target, event, data } = readMessage(settings, positionals);
    const key = settings.key ?? randomUUID();
    // Put together as text, so that the data's numbers keep their digits.
    const body = `{${target},"id":${JSON.stringify(event)},"key":${JSON.stringify(key)},"data":${data}}`;
    const { gateway, publishKey } = settings;
    const answer = await askGateway({ gateway, route: 'publish', body, publishKey, signal: io.signal });
    io.stdout.write(`${escapeControls(readPosition(answer, gateway, key))}\n`);
    return 0;
  },
});

type Settings = SettingsOf<typeof OPTIONS>;

function readMessage(
  { everyone, log }: Settings,
  positionals: readonly string[],
): { readonly target: string; readonly event: string; readonly data: string } {
  if (everyone && log !== undefined) throw createMistake('Cannot use both --everyone and --log: leave one out');
  const hasUser = !everyone && log === undefined;
  const form = hasUser ? 'send' : everyone ? 'send --everyone' : 'send --log <log>';
  const wanted = [...(hasUser ? ['<user>'] : []), '<event>', '<json>'];
  const [event = '', data = ''] = takePositionals(form, positionals, wanted).slice(hasUser ? 1 : 0);
  const fault = findNameFault(event);
  if (fault) throw createMistake(`Cannot use "${formatSafe(event, 40)}" as an event's name: ${fault}`);
  if (!findJson(data)) throw createMistake(formatJsonFault(data));
  return { target: formatTarget(hasUser ? positionals[0] : undefined, log), event, data };
}

function formatTarget(user: string | undefined, log: string | undefined): string {
  if (log !== undefined) return `"log":${JSON.stringify(readLogName(log, ['channel', 'store', 'run']))}`;
  if (user === undefined) return '"everyone":true';
  readUserLog(user);
  return `"user":${JSON.stringify(user)}`;
}

function findNameFault(text: string): string | undefined {
  const bytes = utf8Length(text);
  return bytes >= 1 && bytes <= MAX_KEY_BYTES ? undefined : `it has ${bytes} bytes, it must have 1 to ${MAX_KEY_BYTES}`;
}

/** A shell takes one pair of quotes away, which is the usual cause. */
function formatJsonFault(data: string): string {
  const shown = formatSafe(data, 60);
  const isStructure = /^\s*[[{]/.test(data);
  const mend = isStructure
    ? `put single quotes around the whole and double quotes inside: '{"path": "a.md"}'`
    : `a text needs both quotes in a shell: '${formatSafe(JSON.stringify(data), 60)}'`;
  return `The data is not JSON: ${shown === '' ? 'it is empty' : shown}; ${mend}`;
}

function readPosition({ status, json }: GatewayAnswer, gateway: string, key: string): string {
  const body = isJsonObject(json) ? json : {};
  if (status === 200 && (typeof body.at === 'string' || body.at === null)) return String(body.at);
  const error = isJsonObject(body.error) ? body.error : {};
  const message = typeof error.message === 'string' ? formatSafe(error.message) : undefined;
  if (message === undefined) {
    throw createFailure(
      `No gateway is at ${gateway}, the answer was ${status}: one alone has its routes at "/", the example at "/gateway"`,
    );
  }
  const again = `it may be stored or not, say it again with --key ${key}`;
  switch (status) {
    case 200:
      throw createFailure(`Not sent: ${message}${error.code === 'unavailable' ? `; ${again}` : ''}`);
    case 401:
      throw createFailure(`Not sent: ${message}; give the gateway's own by FLOW_PUBLISH_KEY or --publish-key-file`);
    case 403:
      throw createFailure(
        `Not sent: ${message}; start the gateway with a publish key, and give it here by FLOW_PUBLISH_KEY or --publish-key-file`,
      );
    default:
      throw createFailure(`Not sent: ${message} (${status})`);
  }
}
