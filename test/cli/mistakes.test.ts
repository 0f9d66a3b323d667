import { describe, expect, test } from 'vitest';
import { SECRET } from './open-gateway.ts';
import { createFolder, runProgram } from './program.ts';

type Row = readonly [message: string, line: string, env?: Record<string, string>, files?: Record<string, string>];

/** Splits at spaces, as a shell would without quotes. */
const wordsOf = (line: string) => line.split(' ').filter(Boolean);

const TYPED: readonly Row[] = [
  [
    'message-flow: Name a command: gateway, proxy, send, watch, token, check, init; message-flow --help tells of each',
    '',
  ],
  ['message-flow: There is no command "sned", did you mean send?', 'sned'],
  ['message-flow: There is no command "zebra", there are gateway, proxy, send, watch, token, check, init', 'zebra'],
  ['message-flow: There is no option --versoin here, did you mean --version?', '--versoin'],
  ['message-flow: There is no option --port here, options come after the command', '--port 1 gateway'],
  ['message-flow gateway: There is no option --prot, did you mean --port?', 'gateway --prot 1'],
  ['message-flow gateway: There is no option --zebra, message-flow gateway --help lists all', 'gateway --zebra'],
  ['message-flow gateway: There is no option -p, message-flow gateway --help lists all', 'gateway -p 1'],
  ['message-flow gateway: --port needs a value: --port NUMBER', 'gateway --port'],
  ['message-flow gateway: --port needs a value: --port NUMBER', 'gateway --port --single'],
  ['message-flow gateway: --port is given twice, once is enough', 'gateway --port 1 --port 2'],
  ['message-flow gateway: "x" is one argument too many: message-flow gateway takes options only', 'gateway x --single'],
  ['message-flow gateway: Cannot use --port "abc": it must be a whole number from 0 to 65535', 'gateway --port abc'],
  [
    'message-flow gateway: Cannot use --port "70000": it must be a whole number from 0 to 65535',
    'gateway --port 70000',
  ],
  ['message-flow gateway: Cannot use --single "maybe": it must be true or false', 'gateway --single=maybe'],
  [
    'message-flow gateway: Cannot use --heartbeat "25": it must be a time with its unit from 1s to 1h, such as 25s',
    'gateway --heartbeat 25',
  ],
  [
    'message-flow gateway: Cannot use --ping-interval "never": it must be a time with its unit from 1s to 1h, such as 25s, or off',
    'gateway --ping-interval never',
  ],
  [
    'message-flow gateway: Cannot use --log-level "loud": it must be debug, info, warn or error',
    'gateway --log-level loud',
  ],
  [
    'message-flow gateway: Cannot use --path "websocket": it must begin with "/" and hold no space, "?" or "#"',
    'gateway --path websocket',
  ],
  [
    'message-flow gateway: Cannot use --origin "https://example.com/": it must be scheme and host alone, such as https://example.com',
    'gateway --origin https://example.com/',
  ],
  ['message-flow gateway: Cannot use --dialect "2015": it must be of 2016, 2017, 2020', 'gateway --dialect 2015'],
  [
    'message-flow gateway: Cannot use --dialect "2016", "elder": it must be of 2016, 2017, 2020',
    'gateway --dialect 2016 --dialect elder',
  ],
  [
    'message-flow gateway: Cannot take tokens without an end: they are of older peers; list those by --dialect, or leave it out',
    'gateway --development --unexpiring-tokens',
  ],
  ['message-flow send: <user> is missing: message-flow send <user> <event> <json>', 'send'],
  ['message-flow send: <json> is missing: message-flow send <user> <event> <json>', 'send ada tick'],
  ['message-flow send: <json> is missing: message-flow send --everyone <event> <json>', 'send --everyone tick'],
  [
    'message-flow send: "5" is one argument too many: message-flow send --everyone <event> <json>; put quotes around what holds spaces',
    'send --everyone ada tick 5',
  ],
  ['message-flow send: Cannot use both --everyone and --log: leave one out', 'send --everyone --log channel/a tick 5'],
  [
    'message-flow send: The data is not JSON: hello; a text needs both quotes in a shell: \'"hello"\'',
    'send ada tick hello',
  ],
  [
    'message-flow send: The data is not JSON: {a:1}; put single quotes around the whole and double quotes inside: \'{"path": "a.md"}\'',
    'send ada tick {a:1}',
  ],
  ['message-flow send: There is no user "*": to send to all use --everyone', 'send * tick 1'],
  [
    'message-flow send: "project/p1" is no log\'s name, did you mean channel/project/p1?',
    'send --log project/p1 tick 1',
  ],
  ['message-flow send: "channel/é" is no log\'s name, did you mean channel/%C3%A9?', 'send --log channel/é tick 1'],
  [
    'message-flow send: Cannot use the log "control" here: it must begin with channel/, store/, run/',
    'send --log control tick 1',
  ],
  [
    'message-flow send: Cannot use --gateway "ftp://a": it must begin with http:// or https://',
    'send ada tick 1 --gateway ftp://a',
  ],
  [
    'message-flow send: Cannot use --gateway "localhost": it must be an address such as http://localhost:5000/gateway',
    'send ada tick 1 --gateway localhost',
  ],
  [
    'message-flow send: Cannot use --gateway "http://a/": it must end before "?" and "#"',
    'send ada tick 1 --gateway http://a/?key=1',
  ],
  ['message-flow watch: <user> is missing: message-flow watch <user> [log…]', 'watch --development'],
  ['message-flow watch: Cannot use --from "middle": it must be start or now', 'watch ada --from middle'],
  ['message-flow watch: Cannot use --count "0": it must be a whole number, 1 or more', 'watch ada --count 0'],
  [
    "message-flow watch: No secret is set to sign a token with: set FLOW_SECRET or --secret-file to the backend's, or give a token by FLOW_TOKEN; for the example, or a gateway in development, say --development",
    'watch ada',
  ],
  [
    'message-flow watch: Cannot follow "run/bob/task/1" as "ada": a run belongs to the user in its name',
    'watch ada run/bob/task/1 --development',
  ],
  ['message-flow token: <user> is missing: message-flow token <user> [log…]', 'token'],
  [
    'message-flow token: Cannot use --lifetime "2d": it must be a time with its unit from 1s to 24h, such as 10m',
    'token ada --lifetime 2d',
  ],
  [
    'message-flow token: Cannot use the log "user/bob" here: it must begin with channel/, store/, run/',
    'token ada user/bob',
  ],
  ['message-flow check: "x" is one argument too many: message-flow check takes options only', 'check x'],
  [
    'message-flow init: "b" is one argument too many: message-flow init [folder]; put quotes around what holds spaces',
    'init a b',
  ],
  ['message-flow init: Cannot make an app in the folder that you are in: go up, and name it from there', 'init .'],
  [
    'message-flow init: Cannot call an app "My_App!", as npm takes small letters, digits, "-", "_" and "." only, did you mean my_app?',
    'init My_App!',
  ],
  [
    'message-flow init: Cannot call an app "node_modules", as npm takes small letters, digits, "-", "_" and "." only: name it such as my-app',
    'init a/node_modules',
  ],
];

const ENVIRONMENT: readonly Row[] = [
  [
    'message-flow gateway: Cannot use FLOW_PORT "abc": it must be a whole number from 0 to 65535',
    'gateway',
    { FLOW_PORT: 'abc' },
  ],
  [
    'message-flow token: Cannot use FLOW_SECRET: it has 5 bytes, 32 are needed: make one by openssl rand -base64 32',
    'token ada',
    { FLOW_SECRET: 'short' },
  ],
  [
    'message-flow send: Cannot use FLOW_PUBLISH_KEY: it has 5 characters, 16 are needed: make one by openssl rand -base64 24',
    'send ada tick 1',
    { FLOW_PUBLISH_KEY: 'short' },
  ],
  [
    'message-flow watch: Cannot use FLOW_TOKEN: it must be a token, three parts with dots between, as message-flow token prints it',
    'watch ada',
    { FLOW_TOKEN: 'nonsense' },
  ],
  [
    'message-flow token: Cannot use both FLOW_SECRET and FLOW_SECRET_FILE: leave one out',
    'token ada',
    { FLOW_SECRET: SECRET, FLOW_SECRET_FILE: 'secret.txt' },
  ],
  [
    'message-flow token: Cannot read FLOW_SECRET_FILE, secret.txt: there is no such file',
    'token ada',
    { FLOW_SECRET_FILE: 'secret.txt' },
  ],
  [
    'message-flow token: Cannot sign tokens: secret is the development secret, known to everyone. Set it to 32 random bytes or more',
    'token ada',
    { FLOW_SECRET: 'message-flow development secret, never for production' },
  ],
];

const FILE: readonly Row[] = [
  [
    'message-flow gateway: Cannot use "port" in message-flow.json "abc": it must be a whole number from 0 to 65535',
    'gateway',
    {},
    { 'message-flow.json': '{"port": "abc"}' },
  ],
  [
    'message-flow token: There is no setting "sceret", found in message-flow.json, did you mean secret?',
    'token ada --development',
    {},
    { 'message-flow.json': '{"sceret": "x"}' },
  ],
  [
    'message-flow token: There is no setting "zebra", found in message-flow.json: take it out',
    'token ada --development',
    {},
    { 'message-flow.json': '{"zebra": 1}' },
  ],
  [
    'message-flow token: There is no setting "count", found in message-flow.json: take it out',
    'token ada --development',
    {},
    { 'message-flow.json': '{"count": 1}' },
  ],
  [
    'message-flow token: Cannot use message-flow.json: it must be an object, such as {"port": 4567}',
    'token ada',
    {},
    { 'message-flow.json': '[]' },
  ],
  [
    'message-flow token: Cannot use other.json: it is not JSON, line 2, column 9',
    'token ada --config other.json',
    {},
    { 'other.json': `{"secret": "${SECRET}",\n "port" 4567}` },
  ],
  [
    'message-flow token: Cannot use both "secret" in message-flow.json and "secretFile" in message-flow.json: leave one out',
    'token ada',
    {},
    { 'message-flow.json': JSON.stringify({ secret: SECRET, secretFile: 'a' }) },
  ],
  [
    'message-flow token: Cannot use "secret" in message-flow.json: it must be a text or a list of texts',
    'token ada',
    {},
    { 'message-flow.json': '{"secret": 5}' },
  ],
];

const UNSAFE: readonly Row[] = [
  [
    'message-flow gateway: Cannot use memory: as the broker: no other process could reach it; say --single if this one is all there is, or name another by --broker',
    'gateway',
    { FLOW_SECRET: SECRET },
  ],
  [
    "message-flow gateway: No secret is set to sign a token with: set FLOW_SECRET or --secret-file to the backend's, or make one by openssl rand -base64 32; for the example, or a gateway in development, say --development",
    'gateway --single',
  ],
  [
    "message-flow gateway: Cannot let pages of any origin connect: list those of your pages by --origin, or leave it out for the page's own host",
    'gateway --single --origin *',
    { FLOW_SECRET: SECRET },
  ],
  [
    'message-flow gateway: Cannot use a silence timeout that is no longer than the ping interval: clients would be let go before they could answer',
    'gateway --development --ping-interval 40s',
  ],
  [
    'message-flow gateway: Cannot use both --socket and FLOW_PORT: leave one out',
    'gateway --development --socket a',
    { FLOW_PORT: '1' },
  ],
  [
    'message-flow gateway: Cannot listen on 0.0.0.0 in development: who reaches it could be any user; set --secret-file and --publish-key-file, or leave --host out',
    'gateway --development --host 0.0.0.0',
  ],
  [
    'message-flow gateway: Cannot use the broker "kafka://…@host": it must begin with one of memory:, amqp:, amqps:, nats:, tls:, redis:, rediss:, redis+sentinel:, rediss+sentinel:, redis+cluster:, rediss+cluster:, zeromq:, zeromq+ipc:',
    'gateway --broker kafka://me:pass@host',
    { FLOW_SECRET: SECRET },
  ],
];

const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  'on the command line': TYPED,
  'in the environment': ENVIRONMENT,
  'in the file': FILE,
  'unsafe settings': UNSAFE,
};

for (const [place, rows] of Object.entries(GROUPS)) {
  describe(`a mistake is told in one line with its mend, and exit code 2: ${place}`, () => {
    for (const [message, line, env = {}, files = {}] of rows) {
      test(`${line}: ${message}`, async () => {
        const outcome = await runProgram(wordsOf(line), { env, cwd: createFolder(files) });
        expect(outcome).toEqual({ code: 2, stdout: '', stderr: `${message}\n` });
      });
    }
  });
}

test('all mistakes of a configuration are told at once', async () => {
  const cwd = createFolder({ 'message-flow.json': '{"prot": 1, "logLevel": "loud"}' });
  const { stderr } = await runProgram(['gateway'], { cwd, env: { FLOW_HEARTBEAT: '5' } });
  expect(stderr.trim().split('\n')).toHaveLength(3);
});

test('a configuration that was named must be there', async () => {
  const { code, stderr } = await runProgram(['token', 'ada', '--config', 'a.json'], { cwd: '/nowhere' });
  expect([code, stderr]).toEqual([
    2,
    'message-flow token: Cannot read the configuration /nowhere/a.json: there is no such file\n',
  ]);
});

test('a variable that is nearly one of ours is spoken of, and others are not', async () => {
  const env = { FLOW_SECERT: SECRET, FLOW_OF_SOMETHING_ELSE: 'x' };
  const { code, stderr } = await runProgram(['token', 'ada', '--development'], { env });
  expect([code, stderr]).toEqual([0, 'message-flow token: FLOW_SECERT is not read, did you mean FLOW_SECRET?\n']);
});

test('a secret on the command line is warned of', async () => {
  const { code, stderr } = await runProgram(['token', 'ada', '--secret', SECRET]);
  expect(code).toBe(0);
  expect(stderr).toBe(
    'message-flow token: --secret can be read by everyone on this machine in the list of processes; use --secret-file or FLOW_SECRET\n',
  );
});
