import { useEffect, useInsertionEffect, useLayoutEffect, useRef } from 'react';
import type { Client } from '../client/index.ts';
import type { Contract } from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';
import type { Flow } from './flow.ts';

/** Asks something of a client, until it is stopped. */
export type Begin<A extends Contract> = (client: Client<A>) => readonly Stop[];

/**
 * Begins with the commit that shows a component, and ends with the one that takes it away; another `begin` takes its turn. What has
 * come until then is delivered before. A layout effect alone would end also while a boundary above shows its fallback, and what
 * comes meanwhile would be lost to a component that is there again afterwards.
 */
export function useAttached<A extends Contract>(flow: Flow<A>, begin: Begin<A>): void {
  const attached = useRef<{ readonly begin: Begin<A>; readonly stop: Stop }>(undefined);
  useLayoutEffect(() => {
    if (attached.current?.begin !== begin) {
      attached.current?.stop();
      const stops = flow.client ? begin(flow.client) : [];
      const own = {
        begin,
        stop() {
          for (const stop of stops) stop();
          if (attached.current === own) attached.current = undefined;
        },
      };
      attached.current = own;
    }
    return flow.flush;
  }, [flow, begin]);
  // The component is gone.
  useInsertionEffect(() => () => attached.current?.stop(), []);
  // An Activity has hidden it, or StrictMode looks whether it can begin again.
  useEffect(() => (attached.current?.begin === begin ? attached.current.stop : undefined), [begin]);
}
