import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { createFolder, type Outcome, runProgram } from './program.ts';

const ROOT = join(import.meta.dirname, '../..');
const TEMPLATE = join(ROOT, 'templates/app');

function init(cwd: string, ...args: string[]): Promise<Outcome> {
  return runProgram(['init', ...args], { cwd });
}

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

test('it makes the template, a manifest and a .gitignore', async () => {
  const cwd = createFolder();
  expect((await init(cwd, 'shop')).code).toBe(0);
  const wanted = listFiles(TEMPLATE).filter((path) => path !== 'gitignore');
  expect(listFiles(join(cwd, 'shop'))).toEqual([...wanted, '.gitignore', 'package.json'].sort());
  for (const path of ['src/backend.ts', 'public/style.css', 'tsconfig.json']) {
    expect(readFileSync(join(cwd, 'shop', path), 'utf8')).toBe(readFileSync(join(TEMPLATE, path), 'utf8'));
  }
});

test('the app has the name of its folder, and each dependency in the version that we are tested with', async () => {
  const cwd = createFolder();
  await init(cwd, 'shop');
  const { name, dependencies, devDependencies } = JSON.parse(readFileSync(join(cwd, 'shop/package.json'), 'utf8'));
  const { 'message-flow': ours, ...others } = { ...dependencies, ...devDependencies };
  expect([name, ours]).toEqual(['shop', manifest.version]);
  expect(Object.keys(others).length).toBeGreaterThan(0);
  expect(manifest.devDependencies).toMatchObject(others);
});

test('every package that the template imports is in its manifest', async () => {
  const cwd = createFolder();
  await init(cwd);
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(cwd, 'my-app/package.json'), 'utf8'));
  const sources = listFiles(TEMPLATE).filter((path) => /\.tsx?$/.test(path));
  const imported = sources.flatMap((path) =>
    [...readFileSync(join(TEMPLATE, path), 'utf8').matchAll(/from '((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name]) => name),
  );
  const known = Object.keys({ ...dependencies, ...devDependencies });
  expect([...new Set(imported)].filter((name) => name !== 'node' && !known.includes(name as string))).toEqual([]);
});

test('it says what to do next, and installs nothing', async () => {
  const cwd = createFolder();
  const { stdout, stderr } = await init(cwd, 'shop');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/ {2}cd shop\n {2}npm install\n {2}npm run dev .*\n {2}npm test\n$/);
  expect(listFiles(join(cwd, 'shop'))).not.toContain('node_modules');
});

test('a folder that is there and empty is taken', async () => {
  const cwd = createFolder();
  mkdirSync(join(cwd, 'shop'));
  expect((await init(cwd, 'shop')).code).toBe(0);
  expect(readdirSync(cwd)).toEqual(['shop']);
});

test('a folder that is not empty is refused, and stays as it was', async () => {
  const cwd = createFolder({ 'a-file': '' });
  const folder = join(cwd, 'shop');
  mkdirSync(join(folder, '.git'), { recursive: true });
  expect(await init(cwd, 'shop')).toEqual({
    code: 2,
    stdout: '',
    stderr: `message-flow init: Cannot make ${folder}: it is not empty, name another or empty it\n`,
  });
  expect([readdirSync(cwd).sort(), readdirSync(folder)]).toEqual([['a-file', 'shop'], ['.git']]);
});

test.each([
  ['a-file', 'it is a file: name another', 2],
  ['a-file/shop', 'it is a file: name another', 2],
  ['nowhere/shop', 'the folder that it would be in is not there, make that first', 1],
])('it refuses %s, and leaves nothing behind', async (path, fault, code) => {
  const cwd = createFolder({ 'a-file': '' });
  const stderr = `message-flow init: Cannot make ${join(cwd, path)}: ${fault}\n`;
  expect(await init(cwd, path)).toEqual({ code, stdout: '', stderr });
  expect(readdirSync(cwd)).toEqual(['a-file']);
});

test('it says when there is no right to write', async () => {
  const { code, stderr } = await init('/sys', 'shop'); // where not even root may make a folder
  expect([code, stderr]).toEqual([
    1,
    'message-flow init: Cannot make /sys/shop: this user has no right to write there, name a folder of your own\n',
  ]);
});

test('what fails in the middle of the writing leaves nothing behind', async () => {
  const program = join(ROOT, '.cache/cli-init/main.js'); // two folders below the manifest, as the source is
  await build({
    input: join(ROOT, 'src/cli/main.ts'),
    platform: 'node',
    external: /^(?!\.|\/)/,
    logLevel: 'silent',
    output: { file: program, format: 'esm' },
  });
  const cwd = createFolder();
  // Small files can be written and larger ones not, as on a disk that fills up.
  const command = `ulimit -f 1; exec "${process.execPath}" "${program}" init shop`;
  await expect(promisify(execFile)('sh', ['-c', command], { cwd, env: {} })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`Cannot make ${join(cwd, 'shop')}: EFBIG`),
  });
  expect(readdirSync(cwd)).toEqual([]);
});
