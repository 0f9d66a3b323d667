import type { ConnectionStatus } from 'message-flow/client';
import type { ReactNode } from 'react';
import type { NewsItem } from '../shared/news-item.ts';
import type { Run } from '../shared/run.ts';
import { type Arrival, ArrivalsPanel } from './arrivals-panel.tsx';
import { DropZone, type DropZoneProps } from './drop-zone.tsx';
import { IdentityLine } from './identity-line.tsx';
import { Indicators } from './indicators.tsx';
import { NewsPanel } from './news-panel.tsx';
import { PlanCard } from './plan-card.tsx';
import type { PlanPanelProps } from './plan-panel.tsx';
import { RingFigure, type Station } from './ring-figure.tsx';
import { RunCard, type RunCardProps } from './run-card.tsx';
import { type Toast, Toasts } from './toasts.tsx';

export interface PageProps {
  status: ConnectionStatus;
  lit: ReadonlySet<Station>;
  dropZone: DropZoneProps;
  /** Newest first. */
  runs: readonly Run[];
  onCancel: RunCardProps['onCancel'];
  onSlow: PlanPanelProps['onSlow'];
  news: readonly NewsItem[];
  arrivals: readonly Arrival[];
  toasts: readonly Toast[];
  onDismiss: (key: string) => void;
}

/** The whole page, of what it is given: it knows nothing of where that comes from. The plan's card alone has hooks of its own. */
export function Page({ status, dropZone, runs, onCancel, ...page }: PageProps): ReactNode {
  return (
    <>
      <header className="masthead">
        <div>
          <h1>
            Message Flow <small>Observatory</small>
          </h1>
          <p>
            Long work on the server, shown as it happens on every screen you have: nothing missed, nothing twice. All
            visitors edit one <a href="#plan">observing plan</a>.
          </p>
        </div>
        <Indicators isConnected={status.connected} isAuthenticated={status.authenticated} />
      </header>
      {status.state === 'signed-out' && (
        <p className="refusal" role="alert">
          This browser has lost its ticket. Load the page again to go on, as someone new.
        </p>
      )}
      <RingFigure lit={page.lit} />
      <main>
        <div className="middle">
          <section className="card" aria-labelledby="desk">
            <h2 id="desk">Light-curve desk</h2>
            <p className="note">Post a time series. A worker looks through thousands of frequencies for its rhythm.</p>
            <DropZone {...dropZone} />
            {runs.map((run) => (
              <RunCard key={run.id} run={run} onCancel={onCancel} />
            ))}
          </section>
          <PlanCard user={status.user} onSlow={page.onSlow} />
        </div>
        <div className="side">
          {status.user !== undefined && <IdentityLine user={status.user} />}
          <ArrivalsPanel arrivals={page.arrivals} />
          <NewsPanel items={page.news} />
        </div>
      </main>
      <Toasts toasts={page.toasts} onDismiss={page.onDismiss} />
    </>
  );
}
