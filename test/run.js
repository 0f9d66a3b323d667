// Runs every test on Node, then those that Bun must pass too on Bun, and ends with one line that a script can read.
// JavaScript, because Node 20 runs no TypeScript.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { startVitest } from 'vitest/node';

const BUN_REPORT = '.cache/bun-tests.xml';

console.log('== test: Node');
const onNode = await runOnNode();
console.log('== test: Bun');
const onBun = runOnBun();

const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((state) => onNode[state] + onBun[state]);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
// A run that found no tests proves nothing, so it fails. Exits at once: a handle that a test left open must not hang CI.
process.exit(failed === 0 && onNode.passed > 0 && onBun.passed > 0 ? 0 : 1);

/** A file that cannot load, a failing hook and a stray rejection count as failed: Vitest's own sums leave them out. */
async function runOnNode() {
  const vitest = await startVitest('test', [], { watch: false });
  const modules = vitest.state.getTestModules();
  const strayErrors = vitest.state.getUnhandledErrors();
  await vitest.close();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const suites = modules.flatMap((module) => [...module.children.allSuites()]);
  const count = (state) => tests.filter((test) => test.result().state === state).length;
  const broken = [...modules, ...suites].filter((part) => part.errors().length > 0).length + strayErrors.length;
  const failed = count('failed') + broken;
  return {
    passed: count('passed'),
    // The exit code knows of failures that no test carries, such as a global set-up that threw.
    failed: failed === 0 && process.exitCode ? 1 : failed,
    skipped: count('skipped') + count('pending'),
  };
}

/** Reads Bun's report rather than its closing lines, which are written for people. */
function runOnBun() {
  mkdirSync('.cache', { recursive: true });
  rmSync(BUN_REPORT, { force: true });
  const args = ['run', '-s', 'test:bun', '--', '--reporter=junit', `--reporter-outfile=${BUN_REPORT}`];
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  const sums = /<testsuites [^>]*>/.exec(readReport())?.[0] ?? '';
  const count = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(sums)?.[1] ?? 0);
  const [tests, failures, skipped] = [count('tests'), count('failures'), count('skipped')];
  return { passed: tests - failures - skipped, failed: status === 0 ? failures : Math.max(failures, 1), skipped };
}

function readReport() {
  try {
    return readFileSync(BUN_REPORT, 'utf8');
  } catch {
    return ''; // Bun writes none when it finds no test file; its exit code then says that it failed.
  }
}
