import { loadDriver } from '../load-driver.ts';

/** The package `amqplib`. */
export type Amqplib = typeof import('amqplib');

/**
 * Loads the package `amqplib`, which only those have who use it.
 * @throws {BrokerError} `refused` where it is not installed
 */
export function loadAmqplib(): Amqplib {
  return loadDriver('RabbitMQ', 'amqplib', 2) as Amqplib;
}
