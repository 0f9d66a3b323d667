import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(import.meta.dirname, '../../../docs/nats.md');

/** The configuration that docs/nats.md shows: an operator, and the account with the least rights. */
export function readDocumentedConfig(operatorPassword: string, flowPassword: string): string {
  const [, config] = /^```text nats-server\.conf\n([\s\S]*?)^```$/m.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  if (config === undefined) throw new Error(`Cannot find the configuration: "${DOCUMENT}" shows none`);
  return config
    .replace(/store_dir: "[^"]*",/, '')
    .replace('change me too', flowPassword)
    .replace('change me', operatorPassword);
}
