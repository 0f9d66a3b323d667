import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** Below the checkout, so that packages resolve as they do for a reader who is in it. */
const WORK = join(ROOT, '.cache', `documents-${process.pid}`);
const DOCUMENTS = [
  'README.md',
  'deploy/README.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));
/** A fence that names its file holds code for the compiler: ```ts server.ts */
const NAMED_FENCE = /^```tsx? ([\w-]+(?:\.test)?\.tsx?)\n([\s\S]*?)^```$/gm;
const ANY_FENCE = /^```tsx?\b.*$/gm;
/** A compiler, and a test runner, are started for a document: on a busy machine that takes its time. */
const PATIENCE = { timeout: 180_000 };
const LINK = /\]\(([^)#:]+)(?:#[^)]*)?\)/g;

afterAll(() => rmSync(WORK, { recursive: true, force: true }));

type Files = readonly (readonly [name: string, code: string])[];

/** Writes a document's files beside one another. */
function write(name: string, files: Files): string {
  const folder = join(WORK, basename(name, '.md'));
  mkdirSync(folder, { recursive: true });
  for (const [file, code] of files) writeFileSync(join(folder, file), code);
  return folder;
}

/** Says what the compiler says of a document's files. */
function compile(name: string, files: Files): string {
  const folder = write(name, files);
  const compilerOptions = {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: ['node'],
    jsx: 'react-jsx',
  };
  const config = { extends: join(ROOT, 'tsconfig.base.json'), compilerOptions, include: ['.'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  try {
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Runs the tests among a document's files, and says how many passed. */
function runTests(name: string, files: Files): { readonly passed: number; readonly all: number } {
  const folder = write(name, files);
  const conditions = "['@message-flow/source']";
  const resolve = `{ conditions: ${conditions} }`;
  // A busy machine may stand still for longer than the 5 s that Vitest gives a test.
  const test = '{ testTimeout: 60_000, hookTimeout: 60_000 }';
  const config = `export default { resolve: ${resolve}, ssr: { resolve: ${resolve} }, test: ${test} };`;
  writeFileSync(join(folder, 'vitest.config.js'), config);
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const report = join(folder, 'report.json');
  spawnSync(process.execPath, [program, 'run', '--root', folder, '--reporter=json', `--outputFile=${report}`]);
  const { numPassedTests: passed, numTotalTests: all } = JSON.parse(readFileSync(report, 'utf8'));
  return { passed, all };
}

test('the compiler that checks documents can say no', () => {
  expect(
    compile('wrong', [['wrong.ts', "import { type } from 'message-flow/contract';\ntype<string>().nothing;\n"]]),
  ).toContain("'nothing' does not exist");
});

describe.each(DOCUMENTS)('%s', (name) => {
  const text = readFileSync(join(ROOT, name), 'utf8');

  test('every block of TypeScript names its file, so that it is compiled', () => {
    expect([...text.matchAll(ANY_FENCE)].length).toBe(filesOf(text).length);
  });

  test('its links lead to files', () => {
    const missing = [...text.matchAll(LINK)]
      .map(([, to = '']) => join(dirname(name), to))
      .filter((path) => !isThere(path));
    expect(missing).toEqual([]);
  });
});

describe.each(DOCUMENTS.filter((name) => filesOf(readFileSync(join(ROOT, name), 'utf8')).length > 0))('%s', (name) => {
  test('its code compiles', PATIENCE, () => {
    expect(compile(name, filesOf(readFileSync(join(ROOT, name), 'utf8')))).toBe('');
  });
});

describe.each(DOCUMENTS.filter((name) => filesOf(readFileSync(join(ROOT, name), 'utf8')).some(isTest)))(
  '%s',
  (name) => {
    test('its tests pass', PATIENCE, () => {
      const files = filesOf(readFileSync(join(ROOT, name), 'utf8'));
      const count = files.filter(isTest).reduce((sum, [, code]) => sum + code.split(/^test\(/m).length - 1, 0);
      expect(runTests(name, files)).toEqual({ passed: count, all: count });
    });
  },
);

function isTest([file]: Files[number]): boolean {
  return /\.test\.tsx?$/.test(file);
}

function filesOf(text: string): Files {
  return [...text.matchAll(NAMED_FENCE)].map(([, file = '', code = '']) => [file, code]);
}

function isThere(path: string): boolean {
  try {
    return readdirSync(dirname(join(ROOT, path))).includes(basename(path));
  } catch {
    return false; // its folder is not there either
  }
}
