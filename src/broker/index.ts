export type { Broker, Capabilities, Entry, Health, NewEntry, Reading } from './broker.ts';
export { BrokerError, type BrokerErrorCode } from './broker-error.ts';
export type { BrokerOptions } from './broker-options.ts';
export { createBroker } from './create-broker.ts';
export { createMemoryBroker, type MemoryBrokerOptions } from './memory.ts';
export type { Retention, RetentionOptions } from './retention.ts';
