export { type Channel, channel } from './channel.ts';
export { type ChannelEvents, type Contract, contract, type PatternOf } from './contract.ts';
export type { Delivered, Events, Payload, UsableEvents } from './events.ts';
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
