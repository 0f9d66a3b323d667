/** What ends a program before its time; each message is one line, and names the mistake and its mend. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** 2: what was typed or configured is wrong. 1: it could not be done. */
  readonly exitCode: 1 | 2;
  readonly messages: readonly string[];

  constructor(exitCode: 1 | 2, messages: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof messages === 'string' ? [messages] : messages;
    super(lines.join('\n'), options);
    this.exitCode = exitCode;
    this.messages = lines;
  }
}

/** What was typed or configured is wrong: exit code 2. */
export function createMistake(messages: string | readonly string[]): CommandError {
  return new CommandError(2, messages);
}

/** It could not be done: exit code 1. */
export function createFailure(message: string, cause?: unknown): CommandError {
  return new CommandError(1, message, cause === undefined ? undefined : { cause });
}
