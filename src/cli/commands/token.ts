import { takePositionals } from '../arguments.ts';
import { type Command, createCommand } from '../command.ts';
import { durationOption, textOption } from '../option.ts';
import { DEVELOPMENT_OPTION, KNOWN_SECRET, SECRET_OPTION } from '../options.ts';
import { getSigningSecret, readSubject, signFor } from '../subject.ts';

/** Signs a token, as the backend would, and prints it bare. */
export const tokenCommand: Command = createCommand({
  name: 'token',
  says: 'signs a token for a user and prints it',
  usages: ['<user> [log…]'],
  notes: ['The token lets in as that user, to follow also the channels and stores that are listed. It is a secret.'],
  options: {
    secret: SECRET_OPTION,
    development: { ...DEVELOPMENT_OPTION, says: KNOWN_SECRET },
    lifetime: durationOption({ says: 'how long it is good', default: '10m', least: '1s', most: '24h' }),
    session: textOption({
      says: 'the session it belongs to, by which it can be revoked',
      placeholder: 'ID',
      isFlagOnly: true,
    }),
  },
  examples: [
    'message-flow token ada --development',
    'message-flow token ada channel/project/p1 --lifetime 1h --secret-file secret.txt',
  ],
  async run({ settings, positionals, io }) {
    const subject = readSubject(takePositionals('token', positionals, ['<user>', '[log…]']));
    const secret = getSigningSecret(settings.secret, settings.development);
    const { lifetime: lifetimeMs, session } = settings;
    io.stdout.write(`${await signFor(subject, secret, { issuedAtMs: io.wallClock(), lifetimeMs, session })}\n`);
    return 0;
  },
});
