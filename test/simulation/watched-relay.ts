import type { Relay, Subscription } from '../../src/gateway/relay.ts';
import type { Ring } from '../../src/gateway/ring.ts';
import type { TextFrame } from './simulated-gateway.ts';
import type { World } from './world.ts';

/** What was seen of a subscription so far. */
interface Course {
  isLive: boolean;
  ring: Ring<TextFrame> | undefined;
}

/** Counts, from outside, which ways the resume goes: what is never met proves nothing. */
export function watchRelay(relay: Relay<TextFrame>, { count }: Pick<World, 'count'>): Relay<TextFrame> {
  const courses = new WeakMap<Subscription, Course>();
  const readers = new WeakMap<Ring<TextFrame>, Subscription>();

  return {
    ...relay,
    follow(subscription, after) {
      count('resumes');
      courses.set(subscription, { isLive: false, ring: undefined });
      relay.follow(subscription, after);
    },
    take(subscription, maxBytes) {
      const taking = relay.take(subscription, maxBytes);
      const course = courses.get(subscription);
      if (!course) return taking;
      if (taking.deliveries.length === 0) count('nothing to take yet');
      for (const delivery of taking.deliveries) {
        switch (delivery.type) {
          case 'gap':
            count(`gap ${delivery.reason}${course.isLive ? ' while live' : ''}`);
            break;
          case 'live':
            count('live');
            course.isLive = true;
            break;
          case 'entries': {
            const { ring, chunk } = delivery;
            if (chunk.to - chunk.from > 1) count('entries joined');
            if (!course.ring && !course.isLive) {
              const other = readers.get(ring);
              count(other && other !== subscription ? 'caught up from what another read' : 'caught up from a read');
            } else if (course.ring && course.ring !== ring) {
              count(course.isLive ? 'live, went on in another stretch' : 'went on from one stretch to another');
            }
            course.ring = ring;
            readers.set(ring, subscription);
            break;
          }
        }
      }
      return taking;
    },
  };
}
