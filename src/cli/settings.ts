import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createMistake } from './command-error.ts';
import { type ConfigFile, formatFileFault } from './config-file.ts';
import type { Option, OptionTable, SettingsOf } from './option.ts';
import { formatFlag, formatVariable } from './option-name.ts';
import { findErrorCode, formatSafe } from './safe-text.ts';
import { formatSuggestion } from './suggestion.ts';

/** Options with their values, and where each comes from. */
export interface Resolved<T extends OptionTable> {
  readonly settings: SettingsOf<T>;
  /** Where a value was given, as messages name it: `--port`, `FLOW_PORT`, `"port" in message-flow.json`. Defaults are not here. */
  readonly sources: ReadonlyMap<string, string>;
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
}

/** Where values come from; the first that has one wins. */
export interface Origins {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: ConfigFile | undefined;
  readonly cwd: string;
  /** Names that the file may hold: those of all commands, as they share it. The environment has these and `config`. */
  readonly knownNames: readonly string[];
}

interface Candidate {
  readonly source: string;
  readonly value: unknown;
  /** Where a path in the value begins. */
  readonly folder: string;
}

/** The options, and for each secret one that names a file with it. */
export function withSecretFiles(options: OptionTable): OptionTable {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, option]) =>
      option.isSecret
        ? [[name, option] as const, [`${name}File`, createFileOption(name)] as const]
        : [[name, option] as const],
    ),
  );
}

/** Reads the options of a table: flag, then environment, then file, then default. Collects every mistake. */
export function resolveSettings<T extends OptionTable>(options: T, origins: Origins): Resolved<T> {
  const sources = new Map<string, string>();
  const mistakes: string[] = findUnknownKeys(origins);
  const warnings: string[] = findUnknownVariables(origins);
  const settings: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    settings[name] = option.default;
    try {
      const given = findCandidate(name, option, origins);
      if (!given) continue;
      sources.set(name, given.source);
      const reading = option.read(given.value);
      if ('mend' in reading) mistakes.push(`Cannot use ${given.source}${quote(option, given.value)}: ${reading.mend}`);
      else settings[name] = reading.value;
      if (option.isSecret && given.source === formatFlag(name)) warnings.push(formatExposure(name));
    } catch (error) {
      mistakes.push((error as Error).message);
    }
  }
  return { settings: settings as SettingsOf<T>, sources, mistakes, warnings };
}

function findCandidate(name: string, option: Option<unknown>, origins: Origins): Candidate | undefined {
  for (const find of option.isFlagOnly ? [findFlag] : [findFlag, findVariable, findKey]) {
    const direct = find(name, origins);
    const path = option.isSecret ? find(`${name}File`, origins) : undefined;
    if (direct && path) throw createMistake(`Cannot use both ${direct.source} and ${path.source}: leave one out`);
    if (direct) return direct;
    if (path) return readSecretFile(path);
  }
  return undefined;
}

function findFlag(name: string, { flags, cwd }: Origins): Candidate | undefined {
  return Object.hasOwn(flags, name) ? { source: formatFlag(name), value: flags[name], folder: cwd } : undefined;
}

/** An empty variable counts as unset: that is how composers of environments leave one out. */
function findVariable(name: string, { env, cwd }: Origins): Candidate | undefined {
  const value = env[formatVariable(name)];
  return value ? { source: formatVariable(name), value, folder: cwd } : undefined;
}

function findKey(name: string, { file }: Origins): Candidate | undefined {
  if (!file || !Object.hasOwn(file.values, name)) return undefined;
  return { source: `"${name}" in ${file.name}`, value: file.values[name], folder: file.folder };
}

function readSecretFile({ source, value, folder }: Candidate): Candidate {
  if (typeof value !== 'string') throw createMistake(`Cannot use ${source}: it must be the path of a file`);
  try {
    return { source, value: readFileSync(resolve(folder, value), 'utf8'), folder };
  } catch (error) {
    throw createMistake(`Cannot read ${source}, ${formatSafe(value)}: ${formatFileFault(findErrorCode(error))}`);
  }
}

function findUnknownKeys({ file, knownNames }: Origins): string[] {
  const unknown = Object.keys(file?.values ?? {}).filter((key) => !knownNames.includes(key));
  return unknown.map((key) => {
    return `There is no setting "${formatSafe(key, 40)}", found in ${file?.name}${formatSuggestion(key, knownNames) || ': take it out'}`;
  });
}

/** Only what is nearly a name of ours is spoken of: an app may have variables of its own that begin so. */
function findUnknownVariables({ env, knownNames }: Origins): string[] {
  const variables = [...knownNames, 'config'].map(formatVariable);
  return Object.keys(env)
    .filter((variable) => variable.startsWith('FLOW_') && !variables.includes(variable))
    .flatMap((variable) => {
      const suggestion = formatSuggestion(variable, variables);
      return suggestion ? [`${formatSafe(variable, 40)} is not read${suggestion}`] : [];
    });
}

function quote({ isSecret }: Option<unknown>, value: unknown): string {
  if (isSecret) return '';
  const texts = [value].flat().map((one) => formatSafe(typeof one === 'string' ? one : JSON.stringify(one), 80));
  return ` "${texts.join('", "')}"`;
}

function formatExposure(name: string): string {
  return `${formatFlag(name)} can be read by everyone on this machine in the list of processes; use ${formatFlag(`${name}File`)} or ${formatVariable(name)}`;
}

function createFileOption(name: string): Option<unknown> {
  return {
    says: `reads what ${formatFlag(name)} would be from a file`,
    placeholder: 'FILE',
    default: undefined,
    shownDefault: undefined,
    isRepeatable: false,
    isSecret: false,
    isFlagOnly: false,
    read: (value) => ({ value }),
  };
}
