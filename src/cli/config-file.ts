import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { findJson, isJsonObject } from '../protocol/index.ts';
import { createMistake } from './command-error.ts';
import { CONFIG_FILE } from './options.ts';
import { findErrorCode } from './safe-text.ts';

/** A configuration as it was read. */
export interface ConfigFile {
  /** As messages name it. */
  readonly name: string;
  /** Relative paths in the file begin here. */
  readonly folder: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * Reads the configuration's file; undefined when none was named and the usual one is not there.
 * @throws {CommandError} when it can't be read or is no object of JSON; never quotes it, as it may hold secrets
 */
export function findConfigFile(cwd: string, named: string | undefined): ConfigFile | undefined {
  const path = resolve(cwd, named ?? CONFIG_FILE);
  const text = findText(path, named);
  if (text === undefined) return undefined;
  const name = basename(path);
  const values = findJson(text)?.value;
  if (values === undefined) throw createMistake(`Cannot use ${name}: it is not JSON${findPlace(text)}`);
  if (!isJsonObject(values)) throw createMistake(`Cannot use ${name}: it must be an object, such as {"port": 4567}`);
  return { name, folder: dirname(path), values };
}

function findText(path: string, named: string | undefined): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const code = findErrorCode(error);
    if (named === undefined && code === 'ENOENT') return undefined;
    throw createMistake(`Cannot read the configuration ${path}: ${formatFileFault(code)}`);
  }
}

/** What keeps a file from being read, by the system's code. */
export function formatFileFault(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user has no right to read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return `the system says ${code ?? 'no'}`;
  }
}

/** Where the engine stumbled, if it says so: of its message only the number, for the rest quotes the text. */
function findPlace(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    if (position === undefined) return '';
    const before = text.slice(0, Number(position)).split('\n');
    return `, line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  }
}
