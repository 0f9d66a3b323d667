import type { Refusal } from 'message-flow/client';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { openClient } from './app.ts';
import { placesOf, startWire } from './wire.ts';

const P1 = 'channel/project/p1';

describe('channels', () => {
  test('events of a channel go to its handlers only', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    const seen: string[] = [];
    client.channel('project/:projectId', { projectId: 'p1' }).on('file/saved', ({ path }) => seen.push(`1 ${path}`));
    client.channel('project/:projectId', { projectId: 'p2' }).on('file/saved', ({ path }) => seen.push(`2 ${path}`));
    const socket = await wire.socket(0);
    await socket.accept();
    socket.enter('channel/project/p2', 'file/saved', { path: 'b' }, 'e:1:');
    socket.enter(P1, 'file/saved', { path: 'a' }, 'e:1:');
    await until(() => seen.length === 2, 'both');
    expect(seen).toEqual(['2 b', '1 a']);
  });

  test('a channel that is followed later joins the live connection', async () => {
    const wire = await startWire();
    const client = openClient(wire);
    client.connect();
    const socket = await wire.socket(0);
    await socket.accept();
    const seen: string[] = [];
    client.channel('project/:projectId', { projectId: 'p1' }).on('file/saved', ({ path }) => seen.push(path));
    expect(await socket.accept()).toEqual({ token: 'good', logs: { [P1]: 'e:0:' } });
    socket.enter(P1, 'file/saved', { path: 'a' }, 'e:1:');
    await until(() => seen.length === 1, 'the entry');
    expect(wire.sockets.length).toBe(1);
  });

  test('a channel is followed while it has a handler', async () => {
    const wire = await startWire();
    const client = openClient(wire, { lingerMs: 0 });
    const project = client.channel('project/:projectId', { projectId: 'p1' });
    const stops = [project.on('file/saved', () => {}), project.on('file/saved', () => {})];
    const socket = await wire.socket(0);
    await socket.accept();
    stops[0]?.();
    stops[0]?.();
    client.channel('news', {}).on('flash', () => {});
    await socket.accept();
    expect(JSON.stringify(socket.heard)).not.toContain('UNSUBSCRIBE');
    stops[1]?.();
    expect(await socket.frame('UNSUBSCRIBE')).toEqual({ logs: [P1] });
  });

  test('a channel lingers for 5 s, so that a view that comes back misses nothing and asks nothing', async () => {
    const wire = await startWire();
    const clock = createFakeClock();
    const client = openClient(wire, { clock });
    const project = client.channel('project/:projectId', { projectId: 'p1' });
    const stop = project.on('file/saved', () => {});
    clock.advance(0);
    const socket = await wire.socket(0);
    await socket.accept();
    await until(() => client.connection.get().state === 'live', 'the state live');
    stop();
    clock.advance(4_999);
    const again = project.on('file/saved', () => {});
    clock.advance(10_000);
    again();
    clock.advance(4_999);
    expect(socket.heard.length).toBe(1);
    clock.advance(1);
    clock.advance(0);
    expect(await socket.frame('UNSUBSCRIBE')).toEqual({ logs: [P1] });
    expect(wire.tokenRequests.length).toBe(1);
  });

  test('a refused channel is told, and asked for again by the next handler', async () => {
    const wire = await startWire();
    const { answer } = wire;
    wire.answer = () => ({
      status: 200,
      body: { token: 't', user: 'ada', at: placesOf(['user/ada', 'everyone']), refused: [P1] },
    });
    const client = openClient(wire);
    const refusals: unknown[] = [];
    client.onRefused(({ log, reason }: Refusal) => refusals.push([log, reason]));
    const project = client.channel('project/:projectId', { projectId: 'p1' });
    project.on('file/saved', () => {});
    const socket = await wire.socket(0);
    await socket.accept();
    expect(refusals).toEqual([[P1, 'refused']]);
    wire.answer = answer;
    project.on('file/saved', () => {});
    expect(await socket.accept()).toMatchObject({ logs: { [P1]: 'e:0:' } });
  });

  test('a channel without its parameters is refused where it is named', async () => {
    const client = openClient(await startWire());
    expect(() => client.channel('project/:projectId', { projectId: '' })).toThrow(RangeError);
    expect(() => client.channel('project/:projectId', {} as never)).toThrow(RangeError);
  });

  test('close ends what lingers', async () => {
    const clock = createFakeClock();
    const client = openClient(await startWire(), { clock });
    client.channel('news', {}).on('flash', () => {})();
    client.close();
    expect(clock.timerCount).toBe(0);
  });
});
