import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findDuration } from '../../src/cli/duration.ts';
import { durationOption, integerOption, listOption, secretOption, switchOption } from '../../src/cli/option.ts';
import { type Origins, type Resolved, resolveSettings } from '../../src/cli/settings.ts';
import { createFolder } from './program.ts';

const OPTIONS = {
  port: integerOption({ says: '', default: 1, least: 0 }),
  logs: switchOption({ says: '' }),
  drainWindow: durationOption({ says: '', default: '20s', least: '1s', most: '1h', mayBeOff: true }),
  origin: listOption({ says: '', placeholder: 'ORIGIN', divider: /[\s,]+/, check: () => undefined }),
  secret: listOption({ says: '', placeholder: 'SECRET', divider: /\r?\n/, check: () => undefined, isSecret: true }),
  key: secretOption({ says: '', placeholder: 'KEY', check: () => undefined }),
  count: integerOption({ says: '', least: 1, isFlagOnly: true }),
};
const NAMES = ['port', 'logs', 'drainWindow', 'origin', 'secret', 'secretFile', 'key', 'keyFile'];

function resolve(origins: Partial<Origins> & { readonly values?: Record<string, unknown> }): Resolved<typeof OPTIONS> {
  const { values, ...others } = origins;
  const file = values && { name: 'message-flow.json', folder: '/', values };
  return resolveSettings(OPTIONS, { flags: {}, env: {}, file, cwd: '/', knownNames: NAMES, ...others });
}

test('a flag comes before the environment, the environment before the file, the file before the default', () => {
  const [flags, env, values] = [{ port: '4' }, { FLOW_PORT: '3' }, { port: 2 }];
  const ports = [{ flags, env, values }, { env, values }, { values }, {}].map((given) => resolve(given));
  expect(ports.map(({ settings }) => settings.port)).toEqual([4, 3, 2, 1]);
});

test('each value is known by where it was given, and a default by nothing', () => {
  const { sources } = resolve({ flags: { port: '4' }, env: { FLOW_LOGS: 'yes' }, values: { drainWindow: '5s' } });
  expect([...sources.values()]).toEqual(['--port', 'FLOW_LOGS', '"drainWindow" in message-flow.json']);
});

test('a mistake that a flag overrides is none', () => {
  expect(resolve({ flags: { port: '4' }, env: { FLOW_PORT: 'abc' } }).mistakes).toEqual([]);
});

test('an empty variable counts as unset', () => {
  expect(resolve({ env: { FLOW_PORT: '' } }).settings.port).toBe(1);
});

test.each([
  [true, true],
  ['true', true],
  ['1', true],
  [false, false],
  ['no', false],
  ['off', false],
])('a switch that is given as %j is %j', (given, value) => {
  expect(resolve({ flags: { logs: given } }).settings.logs).toBe(value);
});

test.each([
  ['500ms', 500],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['1h', 3_600_000],
  ['20', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['1d', undefined],
])('the time %j has %j milliseconds', (text, ms) => {
  expect(findDuration(text)).toBe(ms);
});

test('a time that is off never comes', () => {
  expect(resolve({ env: { FLOW_DRAIN_WINDOW: 'off' } }).settings.drainWindow).toBe(Number.POSITIVE_INFINITY);
});

test('a list is a repeated flag, a list in the file, and words in the environment', () => {
  const lists = [
    { flags: { origin: ['a', 'b'] } },
    { env: { FLOW_ORIGIN: 'a, b' } },
    { values: { origin: ['a', 'b'] } },
  ];
  expect(lists.map((given) => resolve(given).settings.origin)).toEqual(Array(3).fill(['a', 'b']));
});

test('secrets are one a line, in the environment and in their file', () => {
  const cwd = createFolder({ secrets: 'new, with a comma\nold\n' });
  const both = [{ env: { FLOW_SECRET: 'new, with a comma\nold' } }, { flags: { secretFile: 'secrets' }, cwd }];
  expect(both.map((given) => resolve(given).settings.secret)).toEqual(Array(2).fill(['new, with a comma', 'old']));
});

test("a secret's file is looked for beside the configuration that names it", () => {
  const folder = createFolder({ key: 'in a file\n' });
  const file = { name: 'message-flow.json', folder, values: { keyFile: 'key' } };
  expect(resolve({ file, cwd: join(folder, 'elsewhere') }).settings.key).toBe('in a file');
});

test('a secret given by flag comes before one named by a file in the environment', () => {
  expect(resolve({ flags: { key: 'typed' }, env: { FLOW_KEY_FILE: 'none' } }).settings.key).toBe('typed');
});

test('what belongs to one call is read from flags only', () => {
  expect(resolve({ flags: { count: '2' }, env: { FLOW_COUNT: '3' } }).settings.count).toBe(2);
  expect(resolve({ env: { FLOW_COUNT: '3' } }).settings.count).toBeUndefined();
});

test('inherited names are no settings', () => {
  expect(resolve({ values: JSON.parse('{"__proto__": {"port": 9}, "constructor": 1}') }).mistakes).toHaveLength(2);
});
