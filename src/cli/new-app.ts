import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackageName, formatAppManifest, isPackageName } from './app-manifest.ts';
import { createFailure, createMistake } from './command-error.ts';
import { findErrorCode, formatReason, formatSafe } from './safe-text.ts';

/** As it is in the package: two folders up, from the source and from what is built alike. */
const TEMPLATE = fileURLToPath(new URL('../../templates/app/', import.meta.url));

/**
 * Makes a new app in a folder that is not there, or is empty. It is there whole, or not at all: it is written beside its place, and
 * then moved there.
 * @throws {CommandError} when the folder can't be its place, or can't be written
 */
export function makeApp(folder: string): void {
  const name = basename(folder);
  checkName(name);
  const isThere = checkPlace(folder);
  const draft = join(dirname(folder), `.${name.slice(0, 100)}-${randomUUID()}`);
  try {
    writeApp(draft, name);
    if (isThere) rmdirSync(folder); // refuses what is not empty any more
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw createFailure(`Cannot make ${formatSafe(folder)}: ${formatFault(error)}`, error);
  }
}

function checkName(name: string): void {
  if (isPackageName(name)) return;
  const near = findPackageName(name);
  throw createMistake(
    `Cannot call an app "${formatSafe(name, 80)}", as npm takes small letters, digits, "-", "_" and "." only${near ? `, did you mean ${near}?` : ': name it such as my-app'}`,
  );
}

/** Says whether the folder is there. */
function checkPlace(folder: string): boolean {
  try {
    if (readdirSync(folder).length === 0) return true;
  } catch (error) {
    const code = findErrorCode(error);
    if (code === 'ENOENT') return false;
    const fault = code === 'ENOTDIR' ? 'it is a file: name another' : formatFault(error);
    throw createMistake(`Cannot make ${formatSafe(folder)}: ${fault}`);
  }
  throw createMistake(`Cannot make ${formatSafe(folder)}: it is not empty, name another or empty it`);
}

/** Read and written rather than copied: a package's files may be read-only. */
function writeApp(folder: string, name: string): void {
  mkdirSync(folder);
  for (const entry of readdirSync(TEMPLATE, { recursive: true, withFileTypes: true })) {
    const from = join(entry.parentPath, entry.name);
    const to = join(folder, from.slice(TEMPLATE.length));
    if (entry.isDirectory()) mkdirSync(to, { recursive: true });
    else {
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, readFileSync(from));
    }
  }
  renameSync(join(folder, 'gitignore'), join(folder, '.gitignore')); // npm leaves out, or obeys, what is called so in a package
  writeFileSync(join(folder, 'package.json'), formatAppManifest(name));
}

function formatFault(error: unknown): string {
  switch (findErrorCode(error)) {
    case 'ENOENT':
      return 'the folder that it would be in is not there, make that first';
    case 'ENOTDIR':
      return 'what it would be in is a file';
    case 'ENOTEMPTY':
    case 'EEXIST':
      return 'it is not empty any more';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this user has no right to write there, name a folder of your own';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    default:
      return formatReason(error);
  }
}
