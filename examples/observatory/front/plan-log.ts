import type { Dispatched } from 'message-flow/client/stores';
import type { PlanAction } from '../shared/plan.ts';

/** What this page did to the plan, and what the server said to it. */
export interface PlanDeed {
  key: string;
  action: PlanAction;
  /** The target's name when it was done. */
  targetName: string;
  /** Undefined while the server has not answered. */
  outcome: Dispatched | undefined;
}

/** What the page knows of how its plan came to be, newest first. */
export interface PlanLog {
  deeds: readonly PlanDeed[];
  /** The versions that it saw, the first aside. */
  versions: readonly number[];
}

export type PlanLogChange =
  | { type: 'done'; deed: PlanDeed }
  | { type: 'answered'; key: string; outcome: Dispatched }
  | { type: 'version'; version: number };

/** A row of what the server has confirmed: one of this page's deeds, or a version that another screen made. */
export interface ConfirmedRow {
  key: string;
  version: number;
  deed: PlanDeed | undefined;
}

export const EMPTY_LOG: PlanLog = { deeds: [], versions: [] };

/** What is answered already is kept up to this; what is pending is kept whole. */
const MAX_ANSWERED = 20;
const MAX_VERSIONS = 20;

export function changePlanLog(log: PlanLog, change: PlanLogChange): PlanLog {
  switch (change.type) {
    case 'done':
      return { ...log, deeds: [change.deed, ...log.deeds] };
    case 'answered': {
      const { key, outcome } = change;
      const deeds = log.deeds.map((deed) => (deed.key === key ? { ...deed, outcome } : deed));
      const oldest = deeds.filter((deed) => deed.outcome)[MAX_ANSWERED];
      const forgotten = oldest?.outcome?.version ?? 0;
      return {
        deeds: deeds.filter((deed) => deed !== oldest),
        // Without its deed it would look like another screen's.
        versions: log.versions.filter((version) => version > forgotten),
      };
    }
    case 'version':
      if (log.versions.includes(change.version)) return log;
      return { ...log, versions: [change.version, ...log.versions].slice(0, MAX_VERSIONS) };
    default:
      return change satisfies never;
  }
}

/** What the server has confirmed, newest first: a version that holds deeds of this page is shown by them. */
export function listConfirmed({ deeds, versions }: PlanLog): ConfirmedRow[] {
  const own = deeds.flatMap((deed): ConfirmedRow[] => {
    const version = deed.outcome?.version;
    return version === undefined ? [] : [{ key: `deed-${deed.key}`, version, deed }];
  });
  const foreign = versions
    .filter((version) => own.every((row) => row.version !== version))
    .map((version): ConfirmedRow => ({ key: `version-${version}`, version, deed: undefined }));
  return [...own, ...foreign].sort((a, b) => b.version - a.version);
}
