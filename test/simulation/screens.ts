import { kindOf, type LogName, type Position, type StartPosition, segmentsOf } from 'message-flow/protocol';
import { USER } from './plan.ts';
import type { World } from './world.ts';

/**
 * The followers that one client is in the history: each user who looks at it is one of their own, so that what comes to the
 * wrong user, or is owed to who comes back, is seen.
 */
export interface Screens {
  /** Who looks, by the page's latest token; undefined: nobody, as it is closed or has none yet. */
  viewer: string | undefined;
  /** Who looks, as the history knows them. */
  readonly name: string;
  /** Writes where a log begins for who looks, if that is a beginning. */
  begin(log: LogName, from: StartPosition | null): void;
  /** True when what a user gets of a log goes on where it was. */
  goesOn(user: string, log: LogName): boolean;
  /** What comes next of a log is a beginning, for everybody. */
  forget(log: LogName): void;
  /** The page left a log. */
  unfollow(user: string, log: LogName): void;
  /** Only what a user's storage holds goes on. */
  keepOnly(placesOf: (user: string) => Readonly<Record<string, unknown>>): void;
  /** A page that could not save goes back to what its storage holds. */
  goBack(placesOf: (user: string) => Readonly<Record<string, Position>>): void;
  /** Nothing more is owed to who does not look, or, once the page is left, to anybody. */
  dismiss(isLeft: boolean): void;
}

/** True when a user may ever be given entries of a log. */
export function isFor(user: string, log: LogName): boolean {
  return kindOf(log) === 'user' || kindOf(log) === 'run' ? segmentsOf(log)[0] === user : true;
}

/** Creates the followers of a client: none yet. */
export function createScreens(id: string, { timeline, note }: Pick<World, 'timeline' | 'note'>): Screens {
  /** Logs whose beginning is written in the history, by user. */
  const begun = new Map<string, Set<LogName>>([[USER, new Set()]]);
  const nameOf = (user: string) => (user === USER ? id : `${id}-${user}`);

  return {
    viewer: undefined,
    get name() {
      return this.viewer === undefined ? `${id}-nobody` : nameOf(this.viewer);
    },
    begin(log, from) {
      const { viewer, name } = this;
      if (viewer === undefined || !isFor(viewer, log) || this.goesOn(viewer, log)) return;
      begun.set(viewer, (begun.get(viewer) ?? new Set()).add(log));
      note({ type: 'followed', ms: timeline.now(), follower: name, log, from });
    },
    goesOn: (user, log) => begun.get(user)?.has(log) ?? false,
    forget(log) {
      for (const logs of begun.values()) logs.delete(log);
    },
    unfollow(user, log) {
      note({ type: 'unfollowed', ms: timeline.now(), follower: nameOf(user), log });
      begun.get(user)?.delete(log);
    },
    keepOnly(placesOf) {
      for (const [user, logs] of begun) {
        const places = placesOf(user);
        for (const log of logs) if (places[log] === undefined) logs.delete(log);
      }
    },
    goBack(placesOf) {
      for (const [user, logs] of begun) {
        const places = placesOf(user);
        for (const log of logs) {
          const from = places[log];
          if (from) note({ type: 'followed', ms: timeline.now(), follower: nameOf(user), log, from });
        }
      }
    },
    dismiss(isLeft) {
      for (const user of begun.keys()) {
        if (isLeft || user !== this.viewer) note({ type: 'dead', ms: timeline.now(), follower: nameOf(user) });
      }
    },
  };
}
