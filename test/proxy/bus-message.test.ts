import fc from 'fast-check';
import { DIALECTS, type Dialect, getDialect, userLog } from 'message-flow/protocol';
import { expect, test } from 'vitest';
import { readBusMessage } from '../../src/proxy/bus-message.ts';

function partsOf(...texts: (string | Uint8Array)[]): Uint8Array[] {
  return texts.map((text) => Buffer.from(text as string));
}

function read(...texts: (string | Uint8Array)[]) {
  return readBusMessage(partsOf(...texts), DIALECTS);
}

/** As `json.dumps` lays it out, and `simplejson` with an indent of 2. */
function lay(dialect: Dialect, user: unknown, event: string, data: string, indent = false): string[] {
  const [head, tail, comma] = indent ? ['{\n  ', '\n}', ',\n  '] : ['{', '}', ', '];
  const { userKey, idKey, dataKey, busParts } = dialect;
  const json = `${head}"${userKey}": ${JSON.stringify(user)}${comma}"${idKey}": ${JSON.stringify(event)}${comma}"${dataKey}": ${data}${tail}`;
  return busParts === 1 ? [`0 ${json}`] : [String(user), json];
}

test.each(DIALECTS)('a message of $name is read to its log, event and data', (dialect) => {
  for (const indent of [false, true]) {
    expect(read(...lay(dialect, 'Zoë 7', 'TASK DONE', '"\\u00e9"', indent))).toEqual({
      log: 'user/Zo%C3%AB%207',
      event: 'TASK DONE',
      data: '"\\u00e9"',
    });
  }
});

test('every number comes out to the digit, every text as it was escaped', () => {
  const numbers = fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
  const texts = fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text));
  const users = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((user) => user !== '*');
  const events = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((event) => !event.startsWith('AUTH '));
  fc.assert(
    fc.property(
      fc.constantFrom(...DIALECTS),
      users,
      events,
      fc.oneof(numbers, texts),
      fc.boolean(),
      (dialect, user, event, data, indent) => {
        expect(read(...lay(dialect, user, event, data, indent))).toEqual({ log: userLog(user), event, data });
      },
    ),
  );
});

test('the word before the JSON may be any', () => {
  expect(read('news {"username": "ada", "id": "x", "data": 1}')).toMatchObject({ log: 'user/ada' });
});

test('of two parts the first is the user, whatever the JSON says and whatever its type is there', () => {
  expect(read('12', '{"user_id": 12, "actionType": "x", "payload": {}}')).toMatchObject({ log: 'user/12' });
  expect(read('12', '{"user_id": "13", "actionType": "x", "payload": {}}')).toMatchObject({ log: 'user/12' });
});

test.each(['2017', '2020'])('"*" of %s is everyone', (name) => {
  expect(read(...lay(getDialect(name), '*', 'news', '1'))).toMatchObject({ log: 'everyone' });
});

test('data that is left out is null', () => {
  expect(read('0 {"username": "ada", "id": "x"}')).toMatchObject({ data: 'null' });
});

test('an event may be called as what older peers never heard of', () => {
  for (const event of ['GAP', 'LIVE', 'DRAIN', 'ERROR', 'SUBSCRIBE', 'AUTH']) {
    expect(read(...lay(getDialect('2016'), 'ada', event, '1'))).toMatchObject({ event });
  }
});

test.each<[string, (string | Uint8Array)[], string]>([
  ['has no space', ['0{"username":"ada","id":"x","data":1}'], 'not-json'],
  ['is JSON with no word before it', ['{"username":"ada","id":"x","data":1}'], 'not-json'],
  ['is empty', [''], 'not-json'],
  ['is a word', ['0 '], 'not-json'],
  ['is no JSON', ['0 {"username": "ada", '], 'not-json'],
  ['has NaN, as Python may write it', ['0 {"username": "ada", "id": "x", "data": NaN}'], 'not-json'],
  ['is a list', ['0 ["ada", "x", 1]'], 'not-json'],
  ['is null', ['0 null'], 'not-json'],
  ['is not UTF-8', [Buffer.from([0x30, 0x20, 0xff, 0xfe])], 'not-utf-8'],
  ['has a user that is not UTF-8', [Buffer.from([0xc3]), '{"actionType": "x", "payload": 1}'], 'not-utf-8'],
  ['has three parts', ['12', '{"actionType": "x", "payload": 1}', ''], 'wrong-parts'],
  ['has no parts', [], 'wrong-parts'],
  ['has no user', ['0 {"id": "x", "data": 1}'], 'no-user'],
  ['is for null', ['0 {"username": null, "id": "x", "data": 1}'], 'no-user'],
  ['is for a number', ['0 {"username": 7, "id": "x", "data": 1}'], 'no-user'],
  ['is for nobody', ['', '{"actionType": "x", "payload": 1}'], 'no-user'],
  ['is for everyone, whom 2016 did not know', ['0 {"username": "*", "id": "x", "data": 1}'], 'no-user'],
  ['is for half a surrogate pair', ['0 {"username": "\\ud800", "id": "x", "data": 1}'], 'no-user'],
  ['is for a user too long to name', ['x'.repeat(201), '{"actionType": "x", "payload": 1}'], 'no-user'],
  ['has no event', ['0 {"username": "ada", "data": 1}'], 'no-event'],
  ['has an event of another dialect', ['0 {"username": "ada", "actionType": "x", "payload": 1}'], 'no-event'],
  ['has an event that is no text', ['0 {"username": "ada", "id": 7, "data": 1}'], 'no-event'],
  ['has an event of 129 bytes', [`0 {"username": "ada", "id": "${'x'.repeat(129)}", "data": 1}`], 'no-event'],
  ['would forge AUTH OK', ['0 {"username": "ada", "id": "AUTH OK", "data": 1}'], 'reserved-event'],
  ['would forge AUTH REQUEST', ['12', '{"actionType": "AUTH REQUEST", "payload": 1}'], 'reserved-event'],
  ['has data larger than an entry', ['12', `{"actionType": "x", "payload": "${'x'.repeat(262_143)}"}`], 'too-large'],
  ['has 10 MB', [Buffer.alloc(10_000_000, 0x20)], 'too-large'],
])('a message that %s is refused', (_, parts, fault) => {
  expect(read(...parts)).toBe(fault);
});

test('a dialect that is not listed is not read', () => {
  const [only2017] = [[getDialect('2017')]];
  expect(readBusMessage(partsOf('0 {"username": "ada", "id": "x", "data": 1}'), only2017)).toBe('wrong-parts');
  expect(readBusMessage(partsOf('12', '{"user_id": 12, "actionType": "x", "payload": 1}'), only2017)).toBe('no-event');
});

test('no bytes make the reading throw', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(`0 ${text}`)),
        ),
      ),
      (parts) => {
        readBusMessage(parts, DIALECTS);
      },
    ),
  );
});
