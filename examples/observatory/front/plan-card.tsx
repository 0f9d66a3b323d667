import { Component, type ReactNode, Suspense } from 'react';
import { PlanPanel, type PlanPanelProps } from './plan-panel.tsx';

/** The plan's place on the page, also while there is no plan, or where it may not be seen. */
export function PlanCard(props: PlanPanelProps): ReactNode {
  return (
    <section className="card plan" aria-labelledby="plan">
      <h2 id="plan">Observing plan</h2>
      <p className="note">
        One plan for everyone: open this page in a second browser, or a private window, and edit it from both. Add a
        name that is there already, or the Sun, and the server refuses.
      </p>
      <PlanBoundary>
        <Suspense fallback={<p className="empty">The plan is being fetched …</p>}>
          <PlanPanel {...props} />
        </Suspense>
      </PlanBoundary>
    </section>
  );
}

/** Keeps what the plan's hook throws from the rest of the page. */
class PlanBoundary extends Component<{ children: ReactNode }, { message: string | undefined }> {
  override state = { message: undefined };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: (error as Error).message };
  }

  override render(): ReactNode {
    return this.state.message === undefined ? this.props.children : <p className="refusal">{this.state.message}</p>;
  }
}
