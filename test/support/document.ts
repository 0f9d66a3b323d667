import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A fence that says what to do with what is in it: ```js flow.js adds a file, ```diff server.js changes one, ```sh run runs. */
const FENCE = /^```(\w+) (\S+)\n([\s\S]*?)^```$/gm;

/** Cuts a section out of a document, from its heading to the next of its rank. */
export function readSection(path: string, heading: string): string {
  const sections = readFileSync(path, 'utf8').split(/^(?=## )/m);
  const section = sections.find((text) => text.startsWith(`## ${heading}\n`));
  if (section === undefined) throw new Error(`Cannot follow "${path}": it has no section "${heading}"`);
  return section;
}

/** How a section is followed. */
export interface Following {
  /** Where a file of the section is in this app, if not in its folder. */
  readonly places?: Readonly<Record<string, string>>;
  /** What commands get beside the path. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Does in `folder` what a section's blocks say, in their order; commands that go on are left to `getCommand`. */
export function followSection(section: string, folder: string, { places = {}, env }: Following = {}): void {
  for (const [, language = '', title = '', body = ''] of section.matchAll(FENCE)) {
    const name = places[title] ?? title;
    if (language === 'sh' && name !== 'run') continue;
    if (language === 'sh') execFileSync('sh', ['-euc', body], { cwd: folder, env: { PATH: process.env.PATH, ...env } });
    else if (language === 'diff') changeFile(join(folder, name), body);
    else addFile(join(folder, name), body);
  }
}

/** The command of a section that starts something, by the name of its block. */
export function getCommand(section: string, name: string): string {
  const block = [...section.matchAll(FENCE)].find(([, language, title]) => language === 'sh' && title === name);
  if (!block?.[3]) throw new Error(`Cannot find the command "${name}": the section has no such block`);
  return block[3].trim();
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
