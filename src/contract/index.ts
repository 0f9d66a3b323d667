export { type Channel, channel } from './channel.ts';
export {
  type ChannelEvents,
  type Contract,
  contract,
  type PatternOf,
  type StoreOf,
  type StorePatternOf,
} from './contract.ts';
export { changeState } from './draft.ts';
export type { Delivered, Events, Payload, UsableEvents } from './events.ts';
export { applyPatch, createPatch, type PatchOperation } from './patch.ts';
export { fillPattern, matchPattern, type ParamName, type ParamsOf } from './pattern.ts';
export {
  type InputOf,
  type JsonMaker,
  type OutputOf,
  type Received,
  type Schema,
  type SchemaIssue,
  type SchemaResult,
  type,
} from './schema.ts';
export {
  type ActionArguments,
  type ActionInput,
  type ActionName,
  type On,
  runAction,
  type StateOf,
  type Store,
  type StoreAction,
  type StoreActions,
  type StoreBeginning,
  store,
} from './store.ts';
export {
  type ActionAnswer,
  MAX_ACTIONS,
  type RecentAction,
  type Refused,
  type RefusedCode,
  type SaidAction,
  STORE_EVENT,
  type StoreNews,
  type StoreSnapshot,
} from './store-messages.ts';
