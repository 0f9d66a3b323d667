import { readFileSync } from 'node:fs';

/** What programs read of the package's own `package.json`. */
export interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Reads the package's manifest; it lies two folders up, from the source and from what is built alike. */
export function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
}
