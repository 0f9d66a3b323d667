import { fillPattern, type Store } from '../../contract/index.ts';
import { kindOf, type LogName } from '../../protocol/index.ts';
import type { Extension, ResolvedOptions } from '../options.ts';
import type { AppEffect } from '../session-event.ts';
import type { StoreHost, StorePart } from '../store-part.ts';
import { NO_VIEW } from './client-store.ts';
import { createFollower, type Follower } from './follower.ts';

/**
 * Lets a client follow stores: `createClient<typeof app>({ url, use: [stores([board])] })`. Give it the stores themselves, each
 * from a file that holds no validator.
 */
export function stores(all: readonly Store[]): Extension {
  return (options) => ({ ...options, openStores: (host, report) => createStorePart(all, host, options, report) });
}

function createStorePart(
  all: readonly Store[],
  host: StoreHost,
  options: ResolvedOptions,
  report: (error: unknown) => void,
): StorePart {
  const followers = new Map<LogName, Follower>();
  let user: string | undefined;

  function open(store: Store, log: LogName): Follower {
    const found = followers.get(log);
    if (found) return found;
    const follower = createFollower({
      store,
      log,
      host,
      options,
      report,
      findUser: () => user,
      onIdle: () => followers.delete(log),
    });
    followers.set(log, follower);
    return follower;
  }

  function takeStatus(effect: Extract<AppEffect, { type: 'state' }>): void {
    const next = effect.status.user;
    const hasChanged = user !== undefined && next !== undefined && user !== next;
    user = next ?? user;
    for (const follower of [...followers.values()]) {
      if (hasChanged) follower.changeUser();
      follower.take(effect);
    }
  }

  return {
    take(effect) {
      if (effect.type === 'state') takeStatus(effect);
      else if (kindOf(effect.log) === 'store') {
        followers.get(effect.log)?.take(effect);
        return true;
      }
      return false;
    },
    open(pattern, params) {
      const store = all.find((store) => store.pattern === pattern);
      if (!store) throw new RangeError(`Cannot follow "${pattern}": stores([…]) was given no such store`);
      const log = fillPattern('store', pattern, params);
      return {
        log,
        get: () => followers.get(log)?.view ?? NO_VIEW,
        subscribe: (listener) => open(store, log).subscribe(listener),
        dispatch(name, ...[input]) {
          if (!Object.hasOwn(store.actions, name)) {
            throw new RangeError(`Cannot run "${name}": the store "${pattern}" has no such action`);
          }
          return open(store, log).dispatch(name, input);
        },
        hydrate: (snapshot) => snapshot && open(store, log).hydrate(snapshot as never),
      };
    },
  };
}
