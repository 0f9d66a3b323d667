import { parseArgs } from 'node:util';
import { createMistake } from './command-error.ts';
import type { OptionTable } from './option.ts';
import { formatFlag } from './option-name.ts';
import { escapeControls } from './safe-text.ts';
import { formatSuggestion } from './suggestion.ts';

/** What was typed after a command's name. */
export interface Arguments {
  /** Texts by the option's name; a switch is `true`, a repeatable option is a list. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/** What may begin with a dash and is no option: JSON has negative numbers. */
const NEGATIVE_NUMBER = /^-\d/;

/**
 * Reads what was typed.
 * @throws {CommandError} at an unknown option, a missing value, an option said twice
 */
export function readArguments(command: string, argv: readonly string[], options: OptionTable): Arguments {
  const names = new Map(Object.keys(options).map((name) => [formatFlag(name).slice(2), name]));
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false, // its own errors name neither a mend nor the command, and quote what may be a secret
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      [...names].map(([flag, name]) => [flag, { type: isSwitch(options, name) ? 'boolean' : 'string' }]),
    ),
  });
  const flags: Record<string, unknown> = {};
  const positionals: string[] = [];

  function takeOption(token: Extract<Token, { kind: 'option' }>): void {
    const typed = argv[token.index] as string;
    if (NEGATIVE_NUMBER.test(typed)) {
      if (token.rawName === typed.slice(0, 2)) positionals.push(typed); // "-52" comes as "-5" and "-2"
      return;
    }
    const name = token.rawName === '-h' ? 'help' : names.get(token.name);
    if (name === undefined || !Object.hasOwn(options, name))
      throw unknownOption(command, token.rawName, [...names.keys()]);
    const option = options[name] as OptionTable[string];
    const hasValue = token.value !== undefined && (token.inlineValue === true || !/^--?[a-z]/i.test(token.value));
    if (option.placeholder !== undefined && !hasValue) {
      throw createMistake(`${token.rawName} needs a value: ${token.rawName} ${option.placeholder}`);
    }
    if (option.isRepeatable) flags[name] = [...((flags[name] as string[] | undefined) ?? []), token.value];
    else if (Object.hasOwn(flags, name)) throw createMistake(`${token.rawName} is given twice, once is enough`);
    else flags[name] = option.placeholder === undefined ? (token.value ?? true) : token.value;
  }

  for (const token of tokens) {
    if (token.kind === 'option') takeOption(token);
    else if (token.kind === 'positional') positionals.push(token.value);
  }
  return { flags, positionals };
}

/**
 * Takes the arguments that a command wants, in their order; `[name]` at the end takes one or none, and `[name…]` any number, given
 * back as the rest.
 * @throws {CommandError} when one is missing or one is too many
 */
export function takePositionals(
  command: string,
  given: readonly string[],
  wanted: readonly string[],
): readonly string[] {
  const last = wanted.at(-1) ?? '';
  const isOpen = last.endsWith('…]');
  const needed = last.startsWith('[') ? wanted.slice(0, -1) : wanted;
  const usage = ['message-flow', command, ...wanted].join(' ');
  const missing = needed[given.length];
  if (missing !== undefined) throw createMistake(`${missing} is missing: ${usage}`);
  if (!isOpen && given.length > wanted.length) {
    const extra = escapeControls((given[wanted.length] as string).slice(0, 40));
    const mend = wanted.length > 0 ? `${usage}; put quotes around what holds spaces` : `${usage} takes options only`;
    throw createMistake(`"${extra}" is one argument too many: ${mend}`);
  }
  return given;
}

function isSwitch(options: OptionTable, name: string): boolean {
  return options[name]?.placeholder === undefined;
}

function unknownOption(command: string, rawName: string, flags: readonly string[]): Error {
  const suggestion = formatSuggestion(
    rawName,
    flags.map((flag) => `--${flag}`),
  );
  return createMistake(
    `There is no option ${escapeControls(rawName.slice(0, 40))}${suggestion || `, message-flow ${command} --help lists all`}`,
  );
}
