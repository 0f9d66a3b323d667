import type { ReactNode } from 'react';

/** The places that a message passes, in its order. */
const STATIONS = ['browser', 'http', 'server', 'log', 'gateway'] as const;
export type Station = (typeof STATIONS)[number];

const LABELS: Record<Station, { name: string; verb?: string }> = {
  browser: { name: 'Browser' },
  http: { name: 'HTTP', verb: 'asks' },
  server: { name: 'Server' },
  log: { name: 'Log', verb: 'keeps' },
  gateway: { name: 'Gateway', verb: 'tells' },
};

/** Shows the one direction in which everything goes round; what a message passes at this moment is lit. */
export function RingFigure({ lit }: { lit: ReadonlySet<Station> }): ReactNode {
  return (
    <figure className="ring">
      <ol>
        {STATIONS.map((station) => (
          <li key={station} className={lit.has(station) ? `${station} lit` : station}>
            <span>
              {LABELS[station].name}
              {LABELS[station].verb && <i> {LABELS[station].verb}</i>}
            </span>
          </li>
        ))}
      </ol>
      <figcaption>
        Ask over HTTP, and the answer is there at once. What takes longer comes back over the WebSocket, on every tab
        and device of yours.
      </figcaption>
    </figure>
  );
}
