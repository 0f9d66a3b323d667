import { DIALECTS, type DialectName, MAX_CLIENT_FRAME_BYTES, utf8Length } from '../protocol/index.ts';
import { listOption, type Option, secretOption, switchOption, textOption } from './option.ts';

/** The file that is read when no other is named. */
export const CONFIG_FILE = 'message-flow.json';

const MIN_SECRET_BYTES = 32;
const MIN_KEY_LENGTH = 16;
/** One value a line: unlike commas and spaces, no secret holds a line's end. */
const LINES = /\r?\n/;
const DIALECT_NAMES = DIALECTS.map(({ name }) => name).join(', ');

/** Options that every command has. */
export const COMMON_OPTIONS: { readonly config: Option<string | undefined>; readonly help: Option<boolean> } = {
  config: textOption({
    says: `configuration as JSON; without this option ${CONFIG_FILE} is read, if there is one`,
    placeholder: 'FILE',
  }),
  help: switchOption({ says: 'shows this help', isFlagOnly: true }),
};

/** Signs and verifies tokens. */
export const SECRET_OPTION: Option<readonly string[]> = listOption({
  says: "signs and verifies tokens, the same as the backend's: 32 bytes or more; of several (one a line) the first signs, all verify",
  placeholder: 'SECRET',
  divider: LINES,
  isSecret: true,
  check(text) {
    const bytes = utf8Length(text);
    return bytes >= MIN_SECRET_BYTES
      ? undefined
      : `it has ${bytes} bytes, ${MIN_SECRET_BYTES} are needed: make one by openssl rand -base64 32`;
  },
});

/** Lets publish, on the gateway's side and on the caller's. */
export const PUBLISH_KEY_OPTION: Option<string | undefined> = secretOption({
  says: 'asked of whoever publishes by HTTP; without one, publishing is off (with --development: open on localhost)',
  placeholder: 'KEY',
  check(text) {
    if (/[^\x21-\x7e]/.test(text))
      return 'it must be letters, digits and signs of ASCII without spaces: it travels in a header';
    return text.length >= MIN_KEY_LENGTH
      ? undefined
      : `it has ${text.length} characters, ${MIN_KEY_LENGTH} are needed: make one by openssl rand -base64 24`;
  },
});

/** A token that somebody else signed. */
export const TOKEN_OPTION: Option<string | undefined> = secretOption({
  says: 'a token made elsewhere, instead of a secret; it is not renewed',
  placeholder: 'TOKEN',
  check: (text) =>
    /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) && text.length < MAX_CLIENT_FRAME_BYTES
      ? undefined
      : 'it must be a token, three parts with dots between, as message-flow token prints it',
});

/** For a developer's machine. */
export const DEVELOPMENT_OPTION: Option<boolean> = switchOption({
  says: "for a developer's machine only: a secret known to everyone, publishing open on localhost, memory: unasked",
});

/** What `--development` does where it only signs. */
export const KNOWN_SECRET = 'uses the secret known to everyone, as the example and a gateway in development do';

/** Which older peers are served. */
export const DIALECT_OPTION: Option<readonly DialectName[]> = listOption<DialectName>({
  says: `older peers that are served too, by the year from which they speak so: ${DIALECT_NAMES}; see docs/protocol.md`,
  placeholder: 'YEAR',
  divider: /[\s,]+/,
  check: (text) => (DIALECTS.some(({ name }) => name === text) ? undefined : `it must be of ${DIALECT_NAMES}`),
});

/** Where WebSockets are taken. */
export const PATH_OPTION: Option<string> = textOption({
  says: 'the path of WebSockets',
  placeholder: 'PATH',
  default: '/websocket',
  check: (text) => (/^\/[^\s?#]*$/.test(text) ? undefined : 'it must begin with "/" and hold no space, "?" or "#"'),
});

/** Where the gateway of the example is, which `make` starts. */
export const EXAMPLE_GATEWAY = 'http://localhost:5000/gateway';

/** Finds what is wrong with the address of a gateway. */
export function findUrlFault(text: string, schemes: readonly string[]): string | undefined {
  const wanted = `it must be an address such as ${EXAMPLE_GATEWAY}`;
  if (!URL.canParse(text)) return wanted;
  const { protocol, username, password, search, hash, hostname } = new URL(text);
  if (!schemes.includes(protocol)) return `it must begin with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`;
  if (hostname === '') return wanted;
  if (username || password) return 'it holds a name or password, which an address must not: use the publish key';
  return search || hash ? 'it must end before "?" and "#"' : undefined;
}
