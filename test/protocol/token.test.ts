import { DEVELOPMENT_SECRET, resolveSecrets } from 'message-flow/protocol';
import { describe, expect, test } from 'vitest';

const [LONG, OTHER, SHORT] = ['l'.repeat(32), 'o'.repeat(64), 's'.repeat(31)];

describe('resolveSecrets', () => {
  test.each<[string, string | readonly string[] | undefined, boolean, readonly string[]]>([
    ['one secret', LONG, false, [LONG]],
    ['many, in their order', [OTHER, LONG], false, [OTHER, LONG]],
    ['32 bytes that are fewer characters', 'é'.repeat(16), false, ['é'.repeat(16)]],
    ['none in development', undefined, true, [DEVELOPMENT_SECRET]],
    ['an empty list in development', [], true, [DEVELOPMENT_SECRET]],
    ['an own one in development', LONG, true, [LONG]],
    ['one with a space in it', `${LONG} ${LONG}`, false, [`${LONG} ${LONG}`]],
    ['the development secret in development', [LONG, DEVELOPMENT_SECRET], true, [LONG, DEVELOPMENT_SECRET]],
  ])('takes %s', (_, secret, development, secrets) => {
    expect(resolveSecrets(secret, development)).toEqual(secrets);
  });

  test.each<[string, string | readonly string[] | undefined, boolean, string]>([
    ['none', undefined, false, 'secret is not set'],
    ['an empty list', [], false, 'secret is not set'],
    ['an empty text', '', false, 'secret 1 has 0 bytes'],
    ['31 bytes', SHORT, false, 'secret 1 has 31 bytes, at least 32'],
    ['a short one after a long one', [LONG, SHORT], false, 'secret 2 has 31 bytes'],
    ['a short one in development too', SHORT, true, 'secret 1 has 31 bytes'],
    ["a line's end after it, as a file has", `${LONG}\n`, false, 'secret 1 begins or ends with white space'],
    ["a line's end of Windows", `${LONG}\r\n`, false, 'secret 1 begins or ends with white space'],
    ['a space before it', ` ${LONG}`, false, 'secret 1 begins or ends with white space'],
    ['a byte order mark before it', `\ufeff${LONG}`, false, 'secret 1 begins or ends with white space'],
    ['several in one text', `${LONG}\n${OTHER}`, false, "has a line's end in it. Trim it; several are a list"],
    ['an untrimmed one after a good one', [LONG, `${OTHER} `], false, 'secret 2 begins or ends with white space'],
    ['an untrimmed one in development too', `${LONG}\n`, true, 'secret 1 begins or ends with white space'],
    ['the development secret', DEVELOPMENT_SECRET, false, 'development secret, known to everyone'],
    ['the development secret as a second', [LONG, DEVELOPMENT_SECRET], false, 'development secret'],
  ])('refuses %s', (_, secret, development, message) => {
    expect(() => resolveSecrets(secret, development)).toThrow(RangeError);
    expect(() => resolveSecrets(secret, development)).toThrow(message);
  });

  test('shows no secret when it refuses one', () => {
    expect(() => resolveSecrets([LONG, SHORT], false)).not.toThrow(new RegExp(`${SHORT}|${LONG}`));
    expect(() => resolveSecrets([LONG, `${OTHER}\n`], false)).not.toThrow(new RegExp(`${OTHER}|${LONG}`));
  });
});
