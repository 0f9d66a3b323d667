import { memo, type ReactNode } from 'react';

/** An entry of a log, as it came over the socket. */
export interface Arrival {
  /** Different for each arrival on this screen. */
  key: string;
  log: string;
  position: string;
  event: string;
  /** What it says, in a line. */
  text: string;
  /** Caught up with after a break, and not as it happened. */
  isReplayed: boolean;
}

/** Shows the latest entries that came over the socket, newest first: of which log, and at which place in it. */
export const ArrivalsPanel = memo(function ArrivalsPanel({ arrivals }: { arrivals: readonly Arrival[] }): ReactNode {
  return (
    <section className="card" aria-labelledby="arrivals">
      <h2 id="arrivals">What arrives</h2>
      <p className="note">
        Each entry has its place in a log. Cut the network: the page goes on after the last entry it saw.
      </p>
      {arrivals.length === 0 && <p className="empty">Nothing yet.</p>}
      <ol className="arrivals">
        {arrivals.map(({ key, log, position, event, text, isReplayed }) => (
          <li key={key} className={isReplayed ? 'replayed' : 'live'} data-event={event} data-position={position}>
            <code className="event">{event}</code>
            <span className="text">{text}</span>
            {isReplayed && <span className="tag">caught up</span>}
            <code className="place" title={`${log} at ${position}`}>
              <span>{log}</span> <b>{offsetOf(position)}</b>
            </code>
          </li>
        ))}
      </ol>
    </section>
  );
});

/** The middle of `<epoch>:<offset>:<tag>`, for people; a program takes a position as it is. */
function offsetOf(position: string): string {
  return position.split(':')[1] ?? position;
}
