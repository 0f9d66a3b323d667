import type { Engine } from './engine.ts';
import { memory } from './engines/memory.ts';
import { nats } from './engines/nats.ts';
import { rabbitmq } from './engines/rabbitmq.ts';
import { redis, redisEverySecond, redisInMemory } from './engines/redis.ts';
import { zeromq } from './engines/zeromq.ts';

/** All engines that the matrix runs on. */
export const ENGINES: readonly Engine[] = [memory, zeromq, redis, redisEverySecond, redisInMemory, nats, rabbitmq];
