import { MAX_ACTIONS, type SaidAction, type StoreSnapshot } from '../../contract/index.ts';
import { isJsonObject, MAX_KEY_BYTES } from '../../protocol/index.ts';
import { FlowError } from '../flow-error.ts';
import { answerJson, HttpError } from '../http-answer.ts';
import { type Identity, identify } from '../identity.ts';
import type { ResolvedOptions } from '../options.ts';
import { readJson } from '../request-body.ts';
import type { Route } from '../token-route.ts';
import { readTops } from '../tops.ts';
import type { CheckedAction } from './apply.ts';
import { checkAction, refuse } from './check-action.ts';
import type { StoreKeeper, StorePlace } from './store-keeper.ts';

/** The routes of stores. */
export interface StoreRoutes {
  /** `POST {basePath}/snapshot`: a store's state, and where to follow it from. */
  readonly snapshot: Route;
  /** `POST {basePath}/actions`: runs actions, and says what became of each. */
  readonly actions: Route;
  /**
   * A snapshot for a user.
   * @throws {HttpError} `not-allowed`, `not-found` or `unavailable`
   */
  read(identity: Identity, place: StorePlace): Promise<StoreSnapshot>;
}

const MAX_ID_LENGTH = 64;

/** Creates the routes. `find` knows the stores that are served, by the names of their logs. */
export function createStoreRoutes(
  options: ResolvedOptions,
  keeper: StoreKeeper,
  find: (name: string) => StorePlace | undefined,
): StoreRoutes {
  const { authenticate, report } = options;

  async function checkReader(identity: Identity, place: StorePlace | undefined): Promise<StorePlace> {
    // One answer for a store that nobody serves and one that this user may not read: which, is nobody's business.
    if (!place) throw new HttpError('not-allowed');
    const mayRead = await orHttp(() => keeper.ask(place, () => place.serving.allow(identity, place.params, undefined)));
    if (mayRead !== true) throw new HttpError('not-allowed');
    return place;
  }

  /** Side by side: one after another, fifty that take a while would fail together, be said again together, and fail. */
  function checkAll(
    identity: Identity,
    place: StorePlace,
    said: readonly SaidAction[],
  ): Promise<readonly CheckedAction[]> {
    return Promise.all(
      said.map(async (action) => {
        const taken = await checkAction(place, action);
        if ('answer' in taken) return taken;
        const { name, input } = taken;
        const mayAct = await place.serving.allow(identity, place.params, { name, input });
        return mayAct === true ? taken : refuse(action, 'not-allowed', 'this user may not');
      }),
    );
  }

  async function read(identity: Identity, asked: StorePlace | undefined): Promise<StoreSnapshot> {
    const place = await checkReader(identity, asked);
    // Before the state: what is saved while it is read must come after this position.
    const at = (await readTops(options, [place.log])).get(place.log);
    const loaded = await orHttp(() => keeper.load(place));
    if (!loaded || at === undefined) throw noStore();
    const { state, version, recent } = loaded;
    return { state, version, at, recent: recent ?? [] };
  }

  return {
    read,
    async snapshot(request, native) {
      const identity = await identify(authenticate, request, native, report);
      const body = await readJson(request);
      if (!isJsonObject(body) || typeof body.log !== 'string') throw wrongBody('{"log": name}');
      return answerJson(await read(identity, find(body.log)));
    },
    async actions(request, native) {
      const identity = await identify(authenticate, request, native, report);
      const body = await readJson(request);
      const said = isJsonObject(body) ? findActions(body.actions) : undefined;
      if (!isJsonObject(body) || typeof body.log !== 'string' || !said) {
        throw wrongBody(
          `{"log": name, "user": id, "actions": [{"id", "name", "input", "since"}…]}, 1 to ${MAX_ACTIONS} of them`,
        );
      }
      // What one user did and the network lost must not be done in the name of whoever signed in since.
      if (body.user !== undefined && body.user !== identity.user) throw new HttpError('user-changed');
      const place = await checkReader(identity, find(body.log));
      const checked = await orHttp(() => keeper.ask(place, () => checkAll(identity, place, said)));
      const answers = await orHttp(() => keeper.act(place, checked));
      if (!answers) throw noStore();
      return answerJson({ answers });
    },
  };
}

async function orHttp<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FlowError) throw new HttpError('unavailable', error.message);
    throw error;
  }
}

function noStore(): HttpError {
  return new HttpError('not-found', 'Cannot answer: there is no such store');
}

function wrongBody(shape: string): HttpError {
  return new HttpError('invalid-request', `Cannot read the request: its body is not ${shape}`);
}

function findActions(list: unknown): readonly SaidAction[] | undefined {
  if (!Array.isArray(list) || list.length < 1 || list.length > MAX_ACTIONS) return undefined;
  return list.every(isSaidAction) ? list : undefined;
}

function isSaidAction(action: unknown): action is SaidAction {
  if (!isJsonObject(action)) return false;
  const { id, name, since } = action;
  const hasId = typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
  const hasName = typeof name === 'string' && name.length <= MAX_KEY_BYTES;
  return hasId && hasName && (since === undefined || Number.isSafeInteger(since));
}
