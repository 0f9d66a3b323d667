import type { Io } from './io.ts';
import type { OptionTable, SettingsOf } from './option.ts';
import type { Resolved } from './settings.ts';

/** What a command is called with. */
export interface Call<T extends OptionTable> {
  readonly settings: SettingsOf<T>;
  readonly sources: Resolved<T>['sources'];
  readonly positionals: readonly string[];
  readonly io: Io;
  /** What is wrong with environment and file; only `check` is called with any. */
  readonly mistakes: readonly string[];
}

/** One program of the command line. */
export interface Command {
  readonly name: string;
  /** What it does, in one line. */
  readonly says: string;
  /** What may follow the name, one way each: `<user> <event> <json>`. */
  readonly usages: readonly string[];
  /** More about it, in lines as they are shown. */
  readonly notes: readonly string[];
  readonly options: OptionTable;
  readonly examples: readonly [string, string];
  /** It speaks of mistakes in environment and file itself. */
  readonly reportsMistakes?: boolean;
  /**
   * Does it; gives the exit code.
   * @throws {CommandError} when it can't be done
   */
  run(call: Call<OptionTable>): Promise<0 | 1>;
}

/** Joins a table of options to the function that gets them, typed. */
export function createCommand<T extends OptionTable>(
  command: Omit<Command, 'run' | 'options'> & { readonly options: T; run(call: Call<T>): Promise<0 | 1> },
): Command {
  return command as unknown as Command;
}
