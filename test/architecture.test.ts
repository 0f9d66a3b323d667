import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Who may import whom, and which packages. Data flows down this table; imports only point up it. */
const MAY_IMPORT: Record<string, { folders: readonly string[]; packages: readonly string[] }> = {
  protocol: { folders: [], packages: [] },
  contract: { folders: ['protocol'], packages: [] },
  broker: { folders: ['protocol'], packages: ['node', '@nats-io/transport-node', 'amqplib', 'ioredis', 'zeromq'] },
  backend: { folders: ['contract', 'protocol', 'broker'], packages: ['node', 'jose'] },
  gateway: { folders: ['protocol', 'broker'], packages: ['node', 'jose', 'prom-client'] },
  'gateway/host': { folders: ['protocol', 'broker', 'gateway'], packages: ['node', 'ws'] },
  client: { folders: ['contract', 'protocol'], packages: [] },
  react: { folders: ['contract', 'protocol', 'client'], packages: ['react'] },
  adapters: { folders: ['contract', 'protocol', 'client'], packages: [] },
  testing: { folders: ['contract', 'protocol', 'broker', 'backend', 'gateway', 'client'], packages: ['node'] },
  proxy: { folders: ['protocol', 'broker'], packages: ['node'] },
  cli: {
    folders: ['contract', 'protocol', 'broker', 'backend', 'gateway', 'gateway/host', 'client', 'proxy'],
    packages: ['node', 'pino', 'ws'],
  },
};
const MAX_LINES = 400;
/** Of code: what its types say of themselves is for whoever reads them in an editor. */
const MAX_ADAPTER_LINES = 100;
const ROOT = join(import.meta.dirname, '..');
const FOLDERS = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
/** Statements begin a line, as Biome formats them; so an error message such as `resume from "x"` is not taken for one. */
const IMPORT = /(?:^(?:import|export)\b[^'"`;]*?\bfrom|^import|\bimport\s*\()\s*['"`]([^'"`]+)['"`]/gm;
const COMMENT_LINE = /^\s*(?:\/?\*|\/\/).*$/gm;

/** Says what is wrong with the imports of `source`, a file at `path` below src. */
function wrongImports(path: string, source: string): string[] {
  const own = folderOf(path);
  const { folders, packages } = MAY_IMPORT[own ?? ''] ?? { folders: [], packages: [] };
  return [...source.replace(COMMENT_LINE, '').matchAll(IMPORT)].flatMap(([, specifier = '']) => {
    if (!specifier.startsWith('.')) {
      const name = packageOf(specifier);
      return packages.includes(name) ? [] : [`${path} may not import the package "${name}"`];
    }
    const target = join(dirname(path), specifier);
    const folder = folderOf(target);
    if (folder === own) return [];
    if (folder === undefined) return [`${path} may not import "${specifier}", outside src`];
    if (!folders.includes(folder)) return [`${path} may not import the folder "${folder}"`];
    const files = publicFilesOf(folder);
    return files.includes(target) ? [] : [`${path} must import "${files.join('" or "')}", not "${target}"`];
  });
}

function folderOf(path: string): string | undefined {
  return FOLDERS.find((folder) => path.startsWith(`${folder}/`));
}

/** A host's public file is named after its runtime; a part that only some programs share or download has a folder of its own. */
function publicFilesOf(folder: string): string[] {
  if (folder === 'gateway/host') return [`${folder}/node.ts`];
  const parts: Record<string, string> = { broker: 'zeromq', client: 'stores' };
  return [`${folder}/index.ts`, ...(parts[folder] ? [`${folder}/${parts[folder]}/index.ts`] : [])];
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) return 'node';
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.[jt]sx?$/.test(path) && !/(?:^|\/)(?:node_modules|dist)\//.test(path),
  );
}

function countLines(path: string): number {
  return readFileSync(path, 'utf8').trimEnd().split('\n').length;
}

/** Without comments and blank lines. */
function countCodeLines(path: string): number {
  return readFileSync(path, 'utf8')
    .replace(COMMENT_LINE, '')
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as T;
}

/** The folders of src that the tsconfig.json in `folder` refers to. */
function referencesOf(folder: string): string[] {
  const { references } = readJson<{ references: { path: string }[] }>(folder, 'tsconfig.json');
  return references.map(({ path }) => relative('src', join(folder, path)));
}

describe('wrongImports() can fail', () => {
  test.each([
    ['client/a.ts', "import { x } from '../broker/index.ts';", 'client/a.ts may not import the folder "broker"'],
    ['client/a.ts', "import {\n  x,\n} from '../broker/index.ts';", 'client/a.ts may not import the folder "broker"'],
    ['client/a.ts', "const x = await import('../broker/index.ts');", 'client/a.ts may not import the folder "broker"'],
    ['client/a.ts', 'const x = await import(`../broker/index.ts`);', 'client/a.ts may not import the folder "broker"'],
    [
      'protocol/a.ts',
      "import type { X } from '../contract/index.ts';",
      'protocol/a.ts may not import the folder "contract"',
    ],
    [
      'client/a.ts',
      "export type { X } from '../protocol/frame.ts';",
      'client/a.ts must import "protocol/index.ts", not "protocol/frame.ts"',
    ],
    ['client/a.ts', "import 'node:fs';", 'client/a.ts may not import the package "node"'],
    ['gateway/a.ts', "import { WebSocketServer } from 'ws';", 'gateway/a.ts may not import the package "ws"'],
    [
      'client/a.ts',
      "import { x } from 'message-flow/broker';",
      'client/a.ts may not import the package "message-flow"',
    ],
    [
      'client/a.ts',
      "import { x } from '../../dist/broker/index.js';",
      'client/a.ts may not import "../../dist/broker/index.js", outside src',
    ],
    ['gateway/a.ts', "import { x } from './host/node.ts';", 'gateway/a.ts may not import the folder "gateway/host"'],
    [
      'cli/a.ts',
      "import { x } from '../broker/zeromq/load-zeromq.ts';",
      'cli/a.ts must import "broker/index.ts" or "broker/zeromq/index.ts", not "broker/zeromq/load-zeromq.ts"',
    ],
    [
      'cli/a.ts',
      "import { x } from '../gateway/host/upgrade.ts';",
      'cli/a.ts must import "gateway/host/node.ts", not "gateway/host/upgrade.ts"',
    ],
  ])('%s: %s', (path, source, complaint) => {
    expect(wrongImports(path, source)).toEqual([complaint]);
  });

  test.each([
    ['an example in a comment', " * import { x } from 'message-flow/broker';"],
    ['a sentence with "from"', 'throw new Error(`Cannot resume from "x"`);'],
  ])('and takes no offence at %s', (_, source) => {
    expect(wrongImports('client/a.ts', source)).toEqual([]);
  });
});

describe('src', () => {
  const files = filesUnder(join(ROOT, 'src'));

  test('every folder of the table has files, every file is in the table', () => {
    expect(new Set(files.map(folderOf))).toEqual(new Set(FOLDERS));
  });

  test('imports point up the table', () => {
    expect(files.flatMap((path) => wrongImports(path, readFileSync(join(ROOT, 'src', path), 'utf8')))).toEqual([]);
  });

  test('the root tsconfig.json builds every folder', () => {
    expect(referencesOf('.')).toEqual(expect.arrayContaining(FOLDERS));
  });

  test('docs/architecture.md has the same table', () => {
    const rows = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').matchAll(/^\| `(\w+)\/` \|.*\| (.+) \|$/gm);
    const told = [...rows].map(([, folder, says = '']) => [folder, says.match(/(?<=`)\w+(?=`)/g) ?? []]);
    const isWhole = (folder: string) => !folder.includes('/'); // a host is a part of the gateway
    const tried = Object.entries(MAY_IMPORT).map(([folder, { folders }]) => [folder, folders.filter(isWhole)] as const);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(tried.filter(([folder]) => isWhole(folder))));
  });

  test.each(Object.entries(MAY_IMPORT))('%s/tsconfig.json refers to what the table allows', (folder, { folders }) => {
    expect(referencesOf(join('src', folder)).sort()).toEqual([...folders].sort());
  });

  test('every subpath of the package has its source', () => {
    const { exports } = readJson<{ exports: Record<string, string | Record<string, string>> }>('package.json');
    const sources = Object.values(exports).map((to) => (typeof to === 'string' ? to : to['@message-flow/source']));
    expect(sources.filter((path) => path === undefined || !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

test.each(['src', 'test', 'examples'])(`no file under %s has more than ${MAX_LINES} lines`, (folder) => {
  const files = filesUnder(join(ROOT, folder)).map((path) => join(folder, path));
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((path) => countLines(join(ROOT, path)) > MAX_LINES)).toEqual([]);
});

test.each(readdirSync(join(ROOT, 'src/adapters')).filter((name) => name.endsWith('.ts')))(
  `src/adapters/%s has less than ${MAX_ADAPTER_LINES} lines of code`,
  (name) => {
    expect(countCodeLines(join(ROOT, 'src/adapters', name))).toBeLessThan(MAX_ADAPTER_LINES);
  },
);

describe('package-lock.json', () => {
  const { packages } = readJson<{
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
  }>('package-lock.json');

  test('holds no download address', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved?.includes('://'))).toEqual([]);
  });

  test('knows the binaries of every platform, or npm ci refuses it', () => {
    const named = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(wanted.filter((name) => !named.has(name))).toEqual([]);
  });
});
