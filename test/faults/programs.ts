import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../support/bundle.ts';
import type { Scope } from './scope.ts';

const ROOT = join(import.meta.dirname, '../..');

/** The programs of a run, as files. */
export interface Programs {
  /** `message-flow` */
  readonly main: string;
  readonly web: string;
  readonly crowd: string;
}

/** Bundles them from the sources; they go with the scope. */
export async function bundlePrograms(scope: Scope): Promise<Programs> {
  // Two folders below the manifest, as the source is and what is built: the program reads its version there.
  const folder = join(ROOT, `.cache/faults-${process.pid}`);
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const programs = { main: join(folder, 'main.js'), web: join(folder, 'web.js'), crowd: join(folder, 'crowd.js') };
  await bundleProgram('src/cli/main.ts', programs.main);
  await bundleProgram('test/faults/web-program.ts', programs.web);
  await bundleProgram('test/faults/crowd-program.ts', programs.crowd);
  return programs;
}
