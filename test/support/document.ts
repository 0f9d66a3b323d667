import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fence that says what to do with what is in it: ```js flow.js adds a file, ```diff server.js changes one, ```sh copy runs. */
const FENCE = /^```(\w+) (\S+)\n([\s\S]*?)^```$/gm;

/** Cuts a section out of a document, from its heading to the next of its rank. */
export function readSection(path: string, heading: string): string {
  const sections = readFileSync(path, 'utf8').split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`Cannot follow "${path}": it has no section "${heading}"`);
  return section;
}

/** Does in `folder` what a section's blocks say, in their order. `env` is what commands get beside the path. */
export function followSection(section: string, folder: string, env: Readonly<Record<string, string>> = {}): void {
  for (const [, language = '', name = '', body = ''] of section.matchAll(FENCE)) {
    if (language === 'sh')
      execFileSync('bash', ['-euc', body], { cwd: folder, env: { PATH: process.env.PATH, ...env } });
    else if (language === 'diff') changeFile(join(folder, name), body);
    else addFile(join(folder, name), body);
  }
}

/**
 * Changes a text as a diff says: of each hunk, the lines without `+` must be in it, once, one after another.
 * @throws {Error} which names the hunk that does not fit
 */
export function applyDiff(text: string, diff: string): string {
  return diff.split(/^@@\n/m).reduce((before, hunk) => {
    const lines = hunk.trimEnd().split('\n');
    const join = (other: string) =>
      lines
        .filter((line) => !line.startsWith(other))
        .map((line) => `${line.slice(1)}\n`)
        .join('');
    const [old, changed] = [join('+'), join('-')];
    const parts = `\n${before}`.split(`\n${old}`);
    if (parts.length !== 2) throw new Error(`Cannot change a file: this is in it ${parts.length - 1} times:\n${old}`);
    return parts.join(`\n${changed}`).slice(1);
  }, text);
}

function changeFile(path: string, diff: string): void {
  writeFileSync(path, applyDiff(readFileSync(path, 'utf8'), diff));
}

function addFile(path: string, body: string): void {
  if (existsSync(path)) throw new Error(`Cannot add "${path}": it is there`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
}
