import { createBroker } from 'message-flow/broker';
import { describe, expect, test } from 'vitest';

describe('createBroker', () => {
  test.each([{ single: true }, { development: true }])('makes a memory broker where %j is said', async (options) => {
    const broker = createBroker('memory:', options);
    expect(await broker.health()).toMatchObject({ ok: true });
    await broker.close();
  });

  test('refuses memory: where nobody said that one process is all there is', () => {
    expect(() => createBroker('memory:')).toThrow('Set single: true');
    expect(() => createBroker('memory:', { single: false })).toThrow(RangeError);
  });

  test('hands retention on, and refuses what keeps nothing', () => {
    expect(() => createBroker('memory:', { single: true, messages: { maxEntries: 0 } })).toThrow('maxEntries is 0');
  });

  test('refuses retention where a message proxy keeps the logs', () => {
    const create = () => createBroker('zeromq+ipc:///run/message-flow', { messages: { maxEntries: 1 } });
    expect(create).toThrow('the proxy keeps the logs, so it is set there');
  });

  test.each(['', 'memory', 'nonsense:', '__proto__:', 'constructor://x', 'http://example.com', '//memory:'])(
    'refuses %j, which names no engine',
    (url) => {
      expect(() => createBroker(url, { single: true })).toThrow('it must begin with one of memory:');
    },
  );

  test.each([
    'unknown://ada:hunter2@host',
    'unknown://ada:hunter2/hunter2@host',
    'unknown://ada:hunter2@hunter2@host:1/',
    'unknown://ada:?hunter2#hunter2@host',
    `unknown://ada:${'hunter2'.repeat(20)}@host`,
    'unknown://host/path?password=hunter2',
    'unknown://host/path?password=a@hunter2',
    'unknown://host/#a@hunter2',
    'unknown://host/#hunter2',
    'ada:hunter2@host',
    'ada:hunter2\nhunter2@host',
  ])('shows no credentials when it refuses %j', (url) => {
    expect(() => createBroker(url)).toThrow(RangeError);
    expect(() => createBroker(url)).not.toThrow(/hunter2/);
  });

  test('shows enough to find the mistake', () => {
    expect(() => createBroker('unknown://ada:hunter2@host:1')).toThrow('"unknown://…@host:1"');
  });
});
