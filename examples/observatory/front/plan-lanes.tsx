import type { RolledBackCode } from 'message-flow/client/stores';
import type { Refused } from 'message-flow/contract';
import { type ReactNode, useId } from 'react';
import { describeDeed, describeRefusal } from './deed-text.ts';
import { listConfirmed, type PlanDeed, type PlanLog } from './plan-log.ts';

/** Shows how it stands with what was done to the plan, in three lanes, each newest first. */
export function PlanLanes({ log }: { log: PlanLog }): ReactNode {
  const refused = log.deeds.flatMap((deed) => (deed.outcome?.refused ? [{ deed, refused: deed.outcome.refused }] : []));
  return (
    <div className="lanes">
      <Lane kind="pending" title="Pending">
        {log.deeds
          .filter((deed) => !deed.outcome)
          .map((deed) => (
            <li key={deed.key}>
              <b className="deed">{describeDeed(deed)}</b>
            </li>
          ))}
      </Lane>
      <Lane kind="confirmed" title="Confirmed">
        {listConfirmed(log).map(({ key, version, deed }) => (
          <li key={key}>
            <b className="deed">{deed ? describeDeed(deed) : 'From another screen'}</b>
            <code>version {version}</code>
          </li>
        ))}
      </Lane>
      <Lane kind="rolled-back" title="Rolled back">
        {refused.map(({ deed, refused }) => (
          <RolledBack key={deed.key} deed={deed} refused={refused} />
        ))}
      </Lane>
    </div>
  );
}

function RolledBack({ deed, refused }: { deed: PlanDeed; refused: Refused<RolledBackCode> }): ReactNode {
  return (
    <li>
      <b className="deed">{describeDeed(deed)}</b>
      <p className="reason">{describeRefusal(refused)}</p>
      <code>{refused.code === 'failed' ? refused.code : `${refused.code}: ${refused.message}`}</code>
    </li>
  );
}

function Lane({ kind, title, children }: { kind: string; title: string; children: ReactNode[] }): ReactNode {
  const id = useId();
  return (
    <section className={`lane ${kind}`} aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <ol aria-live="polite">{children}</ol>
      {children.length === 0 && <p className="note">nothing</p>}
    </section>
  );
}
