import { createRequire } from 'node:module';
import { BrokerError } from './broker-error.ts';

/**
 * Loads the package of an engine, which only those have who use it; gives what it exports.
 * @throws {BrokerError} `refused` where it is not installed, saying how to
 */
export function loadDriver(engine: string, name: string, major: number): unknown {
  try {
    return createRequire(import.meta.url)(name);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const mend = isMissing ? `is not installed: npm install ${name}@${major}` : 'does not load';
    throw new BrokerError('refused', `Cannot use ${engine}: the package "${name}" ${mend}`, { cause });
  }
}
