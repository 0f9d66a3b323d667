import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type FaultLine, openFaultLine } from './fault-line.ts';
import { until } from './until.ts';

interface Ends {
  readonly line: FaultLine;
  /** Opens a connection; what it is told is in the list. */
  open(said: string): Promise<{ readonly socket: Socket; readonly heard: string[]; isEnded(): boolean }>;
  /** What the server was told, and its sockets. */
  readonly said: string[];
  readonly sockets: Socket[];
}

/** A server that repeats what it is told, at the end of a line. */
async function openEnds(): Promise<Ends> {
  const said: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      said.push(`${chunk}`);
      socket.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line = await openFaultLine((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await line.close();
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  });
  return {
    ...{ line, said, sockets },
    async open(text) {
      const socket = connect(line.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      const heard: string[] = [];
      let hasEnded = false;
      socket.on('error', () => {});
      socket.on('close', () => {
        hasEnded = true;
      });
      socket.on('data', (chunk) => heard.push(`${chunk}`));
      socket.write(text);
      return { socket, heard, isEnded: () => hasEnded };
    },
  };
}

test('a line carries both ways', async () => {
  const { open } = await openEnds();
  const { heard } = await open('a');
  await until(() => heard.join('') === 'a', 'the echo');
});

test('a line that is frozen carries nothing, also of new connections, and all of it once it thaws', async () => {
  const { line, open, said } = await openEnds();
  const old = await open('a');
  await until(() => old.heard.length > 0, 'the echo');
  line.freeze();
  old.socket.write('b');
  const late = await open('c');
  await until(() => line.openedCount === 2, 'the new connection');
  expect([said, old.heard, late.heard]).toEqual([['a'], ['a'], []]);
  line.thaw();
  await until(() => old.heard.join('') === 'ab' && late.heard.join('') === 'c', 'what was held');
});

test('a line that holds answers carries what is asked', async () => {
  const { line, open, said } = await openEnds();
  line.freeze({ way: 'answers' });
  const { heard } = await open('a');
  await until(() => said.length === 1, 'the question');
  expect(heard).toEqual([]);
  line.thaw();
  await until(() => heard.join('') === 'a', 'the answer');
});

test('of connections that are frozen by what they said, others go on', async () => {
  const { line, open } = await openEnds();
  const [one, other] = [await open('live'), await open('ask')];
  await until(() => one.heard.length > 0 && other.heard.length > 0, 'both to be open');
  line.freeze({ said: 'live' });
  one.socket.write('!');
  other.socket.write('!');
  await until(() => other.heard.join('') === 'ask!', 'the other to go on');
  expect(one.heard.join('')).toBe('live');
});

test('a line that is cut resets what is open, and one that refuses what comes', async () => {
  const { line, open } = await openEnds();
  const first = await open('a');
  await until(() => first.heard.length > 0, 'the echo');
  line.cut();
  await until(() => first.isEnded(), 'the reset');
  line.refuse(true);
  const second = await open('b');
  await until(() => second.isEnded(), 'the refusal');
  line.refuse(false);
  const third = await open('c');
  await until(() => third.heard.join('') === 'c', 'the echo');
});

test('a line cuts after so many bytes, of which each arrives', async () => {
  const { line, open } = await openEnds();
  line.cutAfter(3);
  const { heard, isEnded } = await open('abcdef');
  await until(isEnded, 'the cut');
  expect(heard.join('')).toBe('abc');
});

test('a line that abandons its clients leaves the servers open', async () => {
  const { line, open, sockets } = await openEnds();
  const { heard, isEnded } = await open('a');
  await until(() => heard.length > 0, 'the echo');
  line.abandon();
  await until(isEnded, 'the reset');
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
});

test('what was delayed keeps its order when the delay ends', async () => {
  const { line, open } = await openEnds();
  const { socket, heard } = await open('a');
  await until(() => heard.length > 0, 'the echo');
  line.delay(100);
  socket.write('b');
  await until(() => line.bytesTo('') >= 2 || line.bytesTo('ab') > 0, 'it to be on its way');
  line.delay(0);
  socket.write('c');
  await until(() => heard.join('').length === 3, 'both');
  expect(heard.join('')).toBe('abc');
});
