import { readManifest } from './manifest.ts';

/** What a new app is run and made with, in the versions that we ourselves are tested with. */
const DEPENDENCIES = ['express', 'react', 'react-dom'];
const DEV_DEPENDENCIES = [
  '@types/express',
  '@types/node',
  '@types/react',
  '@types/react-dom',
  '@vitejs/plugin-react',
  'happy-dom',
  'typescript',
  'vite',
  'vitest',
];
const LONGEST_NAME = 214;
/** What npm has other uses for. */
const RESERVED_NAMES = ['node_modules', 'favicon.ico'];

/** Makes the `package.json` of a new app. */
export function formatAppManifest(name: string): string {
  const { version, engines, devDependencies } = readManifest();
  const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, devDependencies[name]]));
  const { express, ...others } = pick(DEPENDENCIES);
  const manifest = {
    name,
    private: true,
    type: 'module',
    engines: { node: engines.node },
    scripts: {
      dev: 'vite',
      build: 'tsc && vite build && vite build --ssr server.ts',
      start: 'node dist/server/server.js',
      test: 'vitest run',
    },
    dependencies: { express, 'message-flow': version, ...others },
    devDependencies: pick(DEV_DEPENDENCIES),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Says whether npm takes a name for a new package; scopes are left out, as a folder has no slash. */
export function isPackageName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= LONGEST_NAME && !RESERVED_NAMES.includes(name);
}

/** Finds a name that npm takes, near one that it does not. */
export function findPackageName(name: string): string | undefined {
  const near = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, LONGEST_NAME);
  return isPackageName(near) ? near : undefined;
}
