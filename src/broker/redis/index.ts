export { REDIS_LIBRARY } from './library.ts';
export { createRedisBroker, type RedisBrokerOptions } from './redis-broker.ts';
