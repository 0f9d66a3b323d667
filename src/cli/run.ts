import { type Arguments, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { CommandError, createMistake } from './command-error.ts';
import { checkCommand } from './commands/check.ts';
import { gatewayCommand } from './commands/gateway.ts';
import { initCommand } from './commands/init.ts';
import { proxyCommand } from './commands/proxy.ts';
import { sendCommand } from './commands/send.ts';
import { tokenCommand } from './commands/token.ts';
import { watchCommand } from './commands/watch.ts';
import { type ConfigFile, findConfigFile } from './config-file.ts';
import { formatCommandHelp, formatProgramHelp } from './help.ts';
import type { Io } from './io.ts';
import { formatVariable } from './option-name.ts';
import { COMMON_OPTIONS } from './options.ts';
import { escapeControls, formatReason } from './safe-text.ts';
import { resolveSettings, withSecretFiles } from './settings.ts';
import { formatSuggestion } from './suggestion.ts';
import { readVersion } from './version.ts';

const COMMANDS: readonly Command[] = [
  gatewayCommand,
  proxyCommand,
  sendCommand,
  watchCommand,
  tokenCommand,
  checkCommand,
  initCommand,
];

/**
 * Runs the program. Resolves to its exit code: 0 done, 1 it could not be done, 2 what was typed or configured is wrong.
 * Never rejects; what went wrong is on stderr, a line each.
 * @param argv what was typed after the program's name
 */
export async function run(argv: readonly string[], io: Io): Promise<0 | 1 | 2> {
  const [name = ''] = argv;
  const prefix = COMMANDS.some((command) => command.name === name) ? `message-flow ${name}` : 'message-flow';
  try {
    return await runCommand(argv, io, prefix);
  } catch (error) {
    // What is not ours is a fault of the program: said as one, without a stack, which no user can mend.
    const messages =
      error instanceof CommandError
        ? error.messages
        : [`Cannot go on, a fault of message-flow: ${formatReason(error)}`];
    for (const message of messages) io.stderr.write(`${prefix}: ${message}\n`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

async function runCommand([name, ...argv]: readonly string[], io: Io, prefix: string): Promise<0 | 1> {
  const command = COMMANDS.find((command) => command.name === name);
  if (!command) return answerProgram(name, argv[0], io);
  const options = { ...command.options, ...COMMON_OPTIONS };
  if (asksForHelp(argv)) {
    io.stdout.write(formatCommandHelp(command));
    return 0;
  }
  const { flags, positionals } = readArguments(command.name, argv, withSecretFiles(options));
  const { file, fault } = readConfigFile(flags, io);
  const origins = { flags, env: io.env, file, cwd: io.cwd, knownNames: listNames() };
  const { settings, sources, mistakes, warnings } = resolveSettings(command.options, origins);
  for (const warning of warnings) io.stderr.write(`${prefix}: ${warning}\n`);
  const found = fault ? [...fault.messages, ...mistakes] : mistakes;
  if (found.length > 0 && !command.reportsMistakes) throw createMistake(found);
  return await command.run({ settings, sources, positionals, io, mistakes: found });
}

function answerProgram(name: string | undefined, topic: string | undefined, io: Io): 0 {
  const names = COMMANDS.map((command) => command.name);
  if (name === '--version') io.stdout.write(`${readVersion()}\n`);
  else if (name === '--help' || name === '-h' || name === 'help') {
    const command = COMMANDS.find((command) => command.name === topic);
    io.stdout.write(command ? formatCommandHelp(command) : formatProgramHelp(COMMANDS));
  } else if (name === undefined) {
    throw createMistake(`Name a command: ${names.join(', ')}; message-flow --help tells of each`);
  } else if (name.startsWith('-')) {
    const known = formatSuggestion(name, ['--help', '--version']);
    throw createMistake(`There is no option ${shorten(name)} here${known || ', options come after the command'}`);
  } else {
    const suggestion = formatSuggestion(name, names);
    throw createMistake(`There is no command "${shorten(name)}"${suggestion || `, there are ${names.join(', ')}`}`);
  }
  return 0;
}

/** Help is given whatever else is wrong, but not when `--help` is an argument behind `--`. */
function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).some((text) => text === '--help' || text === '-h');
}

/** A file that can't be read is a mistake like any other: `check` tells of it beside the rest. */
function readConfigFile(
  flags: Arguments['flags'],
  { env, cwd }: Io,
): { readonly file?: ConfigFile; readonly fault?: CommandError } {
  const named = (flags.config as string | undefined) ?? env[formatVariable('config')];
  try {
    const file = findConfigFile(cwd, named || undefined);
    return file ? { file } : {};
  } catch (error) {
    if (error instanceof CommandError) return { fault: error };
    throw error;
  }
}

/** What environment and file may hold: the options of all commands but those of one call. */
function listNames(): string[] {
  const tables = COMMANDS.map(({ options }) => withSecretFiles(options));
  const names = tables.flatMap((table) =>
    Object.entries(table).flatMap(([name, { isFlagOnly }]) => (isFlagOnly ? [] : [name])),
  );
  return [...new Set(names)];
}

function shorten(text: string): string {
  return escapeControls(text.split('=', 1)[0]?.slice(0, 40) ?? '');
}
