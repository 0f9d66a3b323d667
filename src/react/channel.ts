import { useCallback, useState } from 'react';
import type { Gap, Handler, Refusal } from '../client/index.ts';
import {
  type ChannelEvents,
  type Contract,
  type Delivered,
  fillPattern,
  type ParamsOf,
  type PatternOf,
} from '../contract/index.ts';
import { type Begin, useAttached } from './attached.ts';
import type { Flow } from './flow.ts';
import { useLatest } from './latest.ts';

/** Handlers of a channel by event; an event without one is not taken. */
export type ChannelHandlers<A extends Contract, Pattern extends PatternOf<A>> = {
  readonly [Name in keyof ChannelEvents<A, Pattern>]?: Handler<Delivered<ChannelEvents<A, Pattern>, Name>>;
};

/** How following a channel goes. */
export interface ChannelStatus {
  /** The latest gap since it is followed here, a new object each time: fetch what the component shows. */
  readonly gap: Gap | undefined;
  /** Why it is not followed; another mount, or other parameters, ask again, and the next entry ends it. */
  readonly refusal: Refusal | undefined;
}

const WELL: ChannelStatus = { gap: undefined, refusal: undefined };

/** Follows a channel while the component is there. */
export function useChannelOf<A extends Contract, Pattern extends PatternOf<A>>(
  flow: Flow<A>,
  pattern: Pattern,
  params: ParamsOf<Pattern> | null,
  handlers: ChannelHandlers<A, Pattern>,
): ChannelStatus {
  const log = params && fillPattern('channel', pattern, params);
  const names = JSON.stringify(Object.keys(handlers));
  const [told, setTold] = useState({ ...WELL, flow, log });
  const latest = useLatest({ params, handlers, told });

  // biome-ignore lint/correctness/useExhaustiveDependencies: pattern and params are in the log's name, which compares by value
  const begin = useCallback<Begin<A>>(
    (client) => {
      const { params } = latest.current;
      if (!params) return [];
      const channel = client.channel(pattern, params);
      const tell = (status: Partial<ChannelStatus>) => flow.put(() => setTold({ ...WELL, ...status, flow, log }));
      return [
        client.onGap((gap) => gap.log === log && tell({ gap })),
        client.onRefused((refusal) => refusal.log === log && tell({ refusal })),
        ...JSON.parse(names).map((name: keyof ChannelEvents<A, Pattern> & string) =>
          channel.on(name, (payload, entry) =>
            flow.put(() => {
              const { handlers, told } = latest.current;
              if (told.refusal) setTold({ ...WELL, flow, log }); // it is followed after all, as another component asked again
              return handlers[name]?.(payload, entry);
            }),
          ),
        ),
      ];
    },
    [flow, log, names],
  );
  useAttached(flow, begin);
  return told.flow === flow && told.log === log ? told : WELL;
}
