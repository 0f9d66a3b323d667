import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const DEPLOY = join(import.meta.dirname, '../../deploy');
const PROGRAM = 'node_modules/message-flow/dist/cli/main.js';

export function readDeployed(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8');
}

/** What a YAML file holds, a value each document; what is wrong with it is thrown. */
export function readYaml(name: string): unknown[] {
  const documents = parseAllDocuments(readDeployed(name), { merge: true });
  return documents.map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS();
  });
}

/** All objects within a value that have this member. */
export function findWith(value: unknown, member: string): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap((inner) => findWith(inner, member));
  return member in value ? [value as Record<string, unknown>, ...below] : below;
}

/** The command lines of `message-flow` in a file: what follows the program. */
export function findCommandLines(name: string): string[][] {
  const lines = name.endsWith('.yaml') ? readYaml(name).flatMap(findLists) : findTexts(readDeployed(name));
  return lines.flatMap((words) => {
    const at = words.findIndex((word) => word.endsWith(PROGRAM));
    return at < 0 ? [] : [words.slice(at + 1)];
  });
}

function findLists(value: unknown): string[][] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(findLists) : [];
}

/** Of a file of lines: `command=…` and `ExecStart=…`, which a backslash continues. */
function findTexts(text: string): string[][] {
  const lines = text.replace(/\\\n\s*/g, ' ').split('\n');
  return lines.filter((line) => /^(command|ExecStart)=/.test(line)).map((line) => line.split(/\s+/));
}
