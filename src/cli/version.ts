import { readManifest } from './manifest.ts';

/** Reads the package's version. */
export function readVersion(): string {
  return readManifest().version;
}
