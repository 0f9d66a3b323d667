import { readFileSync } from 'node:fs';

/** Reads the package's version; its manifest lies two folders up, from the source and from what is built alike. */
export function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { version: string }).version;
}
