import type { Command } from './command.ts';
import type { OptionTable } from './option.ts';
import { formatFlag, formatVariable } from './option-name.ts';
import { COMMON_OPTIONS, CONFIG_FILE } from './options.ts';
import { withSecretFiles } from './settings.ts';

const WIDTH = 100;

/** The help of the program. */
export function formatProgramHelp(commands: readonly Command[]): string {
  return `${[
    'Message Flow: typed messages from the backend to the browser, over a gateway you run yourself.',
    '',
    'Usage: message-flow <command> [options]',
    '',
    ...commands.map(({ name, says }) => `  ${name.padEnd(10)}${says}`),
    '',
    'message-flow <command> --help shows a command in full, message-flow --version the version.',
  ].join('\n')}\n`;
}

/** The help of a command: how it is called, its options with where else they can be set, two examples. */
export function formatCommandHelp({ name, says, usages, notes, options, examples }: Command): string {
  const rows = Object.entries(withSecretFiles({ ...options, ...COMMON_OPTIONS })).map(formatRow);
  const flagWidth = Math.max(...rows.map(({ flag }) => flag.length)) + 4;
  const hasConfiguration = Object.values(options).some(({ isFlagOnly }) => !isFlagOnly);
  return `${[
    `message-flow ${name}: ${says}`,
    '',
    ...usages.map(
      (usage, i) =>
        `${i === 0 ? 'Usage:' : '      '} message-flow ${[name, usage, '[options]'].filter(Boolean).join(' ')}`,
    ),
    '',
    ...(notes.length > 0 ? [...notes, ''] : []),
    'Options',
    ...rows.flatMap(({ flag, text }) =>
      wrap(text, WIDTH - flagWidth).map((line, i) => `  ${(i === 0 ? flag : '').padEnd(flagWidth - 2)}${line}`),
    ),
    '',
    ...(hasConfiguration
      ? [
          `A flag comes before the environment, the environment before ${CONFIG_FILE}, where an option has its name in one word:`,
          '--publish-key-file is "publishKeyFile". Times have a unit: 500ms, 20s, 10m, 1h.',
          '',
        ]
      : []),
    'Examples',
    ...examples.map((example) => `  ${example}`),
  ].join('\n')}\n`;
}

function formatRow([name, option]: [string, OptionTable[string]]): { readonly flag: string; readonly text: string } {
  const { says, placeholder, shownDefault, isFlagOnly, isRepeatable } = option;
  const facts = [
    ...(isRepeatable ? ['repeatable'] : []),
    ...(isFlagOnly ? [] : [formatVariable(name)]),
    ...(shownDefault === undefined ? [] : [`default ${shownDefault}`]),
  ];
  return {
    flag: [name === 'help' ? '-h,' : '', formatFlag(name), placeholder].filter(Boolean).join(' '),
    text: facts.length === 0 ? says : `${says} [${facts.join(', ')}]`,
  };
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
