import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Command } from '../../src/cli/command.ts';
import { checkCommand } from '../../src/cli/commands/check.ts';
import { gatewayCommand } from '../../src/cli/commands/gateway.ts';
import { initCommand } from '../../src/cli/commands/init.ts';
import { proxyCommand } from '../../src/cli/commands/proxy.ts';
import { sendCommand } from '../../src/cli/commands/send.ts';
import { tokenCommand } from '../../src/cli/commands/token.ts';
import { watchCommand } from '../../src/cli/commands/watch.ts';
import { formatFlag, formatVariable } from '../../src/cli/option-name.ts';
import { runProgram } from './program.ts';

const COMMANDS: readonly Command[] = [
  gatewayCommand,
  proxyCommand,
  sendCommand,
  watchCommand,
  tokenCommand,
  checkCommand,
  initCommand,
];

test.each(['--help', '-h', 'help'])('%s names every command', async (word) => {
  const { code, stdout, stderr } = await runProgram([word]);
  for (const { name, says } of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} +${says}$`, 'm'));
  expect([code, stderr]).toEqual([0, '']);
});

test('--version is the version of the package', async () => {
  expect(await runProgram(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

describe.each(COMMANDS)('message-flow $name --help', ({ name, options, examples }) => {
  const help = async () => (await runProgram([name, '--help'])).stdout.replace(/\s+/g, ' ');

  test('is given on stdout with exit code 0, whatever else is wrong', async () => {
    const { code, stderr } = await runProgram([name, '--zebra', '-h'], { env: { FLOW_PORT: 'x', FLOW_SECRET: 'x' } });
    expect([code, stderr]).toEqual([0, '']);
  });

  test('is what `message-flow help` shows', async () => {
    expect((await runProgram(['help', name])).stdout).toBe((await runProgram([name, '--help'])).stdout);
  });

  test('names every option with its variable and default', async () => {
    const text = await help();
    for (const [option, { isFlagOnly, shownDefault }] of Object.entries(options)) {
      expect(text).toContain(` ${formatFlag(option)} `);
      if (!isFlagOnly) expect(text).toContain(formatVariable(option));
      if (shownDefault !== undefined) expect(text).toContain(`default ${shownDefault}]`);
    }
  });

  test('names a file for every secret', async () => {
    const text = await help();
    const secrets = Object.keys(options).filter((option) => options[option]?.isSecret);
    for (const secret of secrets) expect(text).toContain(`${formatFlag(`${secret}File`)} FILE`);
  });

  test('ends with two examples', async () => {
    expect(await help()).toContain(`Examples ${examples.map((example) => example.replace(/\s+/g, ' ')).join(' ')}`);
  });

  test('has no line that a terminal of 130 columns would wrap', async () => {
    const lines = (await runProgram([name, '--help'])).stdout
      .split('\n')
      .filter((line) => !line.includes('  message-flow'));
    expect(lines.filter((line) => line.length > 130)).toEqual([]);
  });
});

test('help that is asked for behind -- is an argument', async () => {
  const { code, stderr } = await runProgram(['token', '--', '--help']);
  expect([code, stderr.includes('No secret is set')]).toEqual([2, true]);
});
