import type { ReactNode } from 'react';

/** The two lines of the 2016 text, with its ids and its words. */
export function Indicators({
  isConnected,
  isAuthenticated,
}: {
  isConnected: boolean;
  isAuthenticated: boolean;
}): ReactNode {
  return (
    <ul className="indicators" aria-live="polite">
      <li className={isConnected ? 'good' : 'bad'}>
        WebSocket Connection: <b id="connected">{isConnected ? 'Online' : 'Offline'}</b>
      </li>
      <li className={isAuthenticated ? 'good' : 'bad'}>
        WebSocket Authenticated: <b id="authenticated">{isAuthenticated ? 'Yes' : 'No'}</b>
      </li>
    </ul>
  );
}
