import { resolve } from 'node:path';
import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { createMistake } from '../command-error.ts';
import { makeApp } from '../new-app.ts';
import { formatSafe } from '../safe-text.ts';

const FOLDER = 'my-app';

/** Makes a new app, which runs and has tests. */
export const initCommand: Command = createCommand({
  name: 'init',
  says: 'makes a new app that runs and has tests',
  usages: ['[folder]'],
  notes: [
    `The folder, ${FOLDER} unless another is named, must not be there or be empty. The app is TypeScript, with Vite and React for the`,
    'page and Express behind it. Nothing is installed: it says what to do next. docs/guide.md tells how the app is built.',
  ],
  options: {},
  examples: ['message-flow init', 'message-flow init shop'],
  async run({ positionals, io }) {
    const [typed = FOLDER] = takePositionals('init', positionals, ['[folder]']);
    const folder = resolve(io.cwd, typed);
    if (folder === resolve(io.cwd)) {
      throw createMistake('Cannot make an app in the folder that you are in: go up, and name it from there');
    }
    makeApp(folder);
    const shown = /^[\w./-]+$/.test(typed) ? typed : `"${formatSafe(typed)}"`;
    io.stdout.write(`${formatNext(shown)}\n`);
    return 0;
  },
});

function formatNext(folder: string): string {
  return [
    `Made ${folder}: a team's board, and its tests. Next:`,
    '',
    `  cd ${folder}`,
    '  npm install',
    '  npm run dev    # http://127.0.0.1:5000',
    '  npm test',
  ].join('\n');
}
