import { expect, test } from 'vitest';
import { getStreamInfo } from '../../../src/broker/nats/stream-info.ts';

/** What a server says of a stream that logs can be kept in; `cluster` is what it says of who keeps it. */
function describeAs(cluster: object | undefined): Record<string, unknown> {
  return {
    config: { subjects: ['a.>'], republish: { src: 'a.>', dest: 'b.>' } },
    created: '2026-01-01T00:00:00Z',
    state: { first_seq: 1, last_seq: 0 },
    ...(cluster && { cluster }),
  };
}

test('a stream of a single server has no leader, one of a cluster has', () => {
  const [alone, led] = [undefined, { name: 'c', leader: 'n1' }].map((cluster) =>
    getStreamInfo('s', describeAs(cluster)),
  );
  expect([alone?.leader, led?.leader]).toEqual([undefined, 'n1']);
});

test.each([
  [1, [], true],
  [3, [2_999, 60_000], true],
  [3, [3_000, 3_000], false],
  [5, [900, 900, 60_000, 60_000], true],
  [5, [900, 60_000, 60_000, 60_000], false],
])('of %i servers a leader that heard others %j ms ago leads: %j', (_, heardMs, leads) => {
  const replicas = heardMs.map((ms) => ({ active: ms * 1_000_000 }));
  const ask = () => getStreamInfo('s', describeAs({ name: 'c', leader: 'n1', replicas })).leader;
  if (leads) expect(ask()).toBe('n1');
  else expect(ask).toThrow(expect.objectContaining({ code: 'unavailable' }));
});

test.each([{ name: 'c' }, { name: 'c', leader: '' }])('a stream that nobody leads can not be used: %j', (cluster) => {
  // So says a server of itself that led its cluster, and lost the others.
  const fault = { code: 'unavailable', message: 'Cannot use the stream "s": it has no leader' };
  expect(() => getStreamInfo('s', describeAs(cluster))).toThrow(expect.objectContaining(fault));
});
