import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { checkCommand } from '../../src/cli/commands/check.ts';
import { gatewayCommand } from '../../src/cli/commands/gateway.ts';
import { proxyCommand } from '../../src/cli/commands/proxy.ts';
import { formatVariable } from '../../src/cli/option-name.ts';
import { COMMON_OPTIONS } from '../../src/cli/options.ts';
import { resolveSettings, withSecretFiles } from '../../src/cli/settings.ts';
import { findFreePort } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { findCommandLines, findWith, readDeployed, readYaml } from './command-lines.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');
const UNITS = readdirSync(join(DEPLOY, 'systemd')).map((name) => `systemd/${name}`);
const FILES = ['supervisord.conf', 'compose.yaml', 'kubernetes.yaml', ...UNITS];
const COMMANDS: readonly Command[] = [gatewayCommand, proxyCommand, checkCommand];
const PATIENCE_MS = 30_000;

/** What is wrong with a command line, by the program's own reading; the secrets' files are another machine's. */
function findMistakes([name, ...argv]: readonly string[]): readonly string[] {
  const command = COMMANDS.find((command) => command.name === name);
  if (!command) return [`there is no command ${name}`];
  try {
    const known = withSecretFiles({ ...command.options, ...COMMON_OPTIONS });
    const { flags } = readArguments(command.name, argv, known);
    const given = Object.fromEntries(Object.entries(flags).filter(([name]) => !name.endsWith('File')));
    const origins = { flags: given, env: {}, file: undefined, cwd: ROOT, knownNames: [] };
    return resolveSettings(command.options, origins).mistakes;
  } catch (error) {
    return [(error as Error).message];
  }
}

test('a command line with an option that is none is found out', () => {
  expect(findMistakes(['gateway', '--sockets', 'x'])).toEqual([
    expect.stringContaining('There is no option --sockets'),
  ]);
  expect(findMistakes(['gateway', '--heartbeat', '45'])).toEqual([expect.stringContaining('Cannot use --heartbeat')]);
  expect(findMistakes(['gateways'])).toEqual(['there is no command gateways']);
});

test.each(FILES.filter((name) => !name.includes('web')))('every command line in %s is one of the program', (name) => {
  const lines = findCommandLines(name);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.flatMap(findMistakes)).toEqual([]);
});

test.each(FILES)('every variable in %s is read by somebody', (name) => {
  const known = COMMANDS.flatMap(({ options }) => Object.keys(withSecretFiles(options)).map(formatVariable));
  const named = readDeployed(name).match(/\bFLOW_\w+/g) ?? [];
  expect(named.filter((variable) => !known.includes(variable))).toEqual([]);
});

test.each(FILES)('every program that %s runs is there', (name) => {
  const paths = readDeployed(name).match(/(?:node_modules|examples)\/[\w./-]+\.js/g) ?? [];
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('systemd finds a fault where there is one', async () => {
  expect(await verifyUnit('a.service', '[Service]\nExecStart=/bin/true\nRestarts=always\n')).toContain('Restarts');
});

test.each(UNITS)('systemd finds no fault in %s', async (name) => {
  // Where node and the app are is another machine's; that they can be run is what systemd looks at.
  const text = readDeployed(name).replace('/usr/bin/node', process.execPath).replaceAll('/srv/app', ROOT);
  expect(await verifyUnit(name.replace('systemd/', '').replace('@', '@1'), text)).toBe('');
});

/** What systemd has to say of a unit. */
async function verifyUnit(name: string, text: string): Promise<string> {
  const path = join(await createFolder(), name);
  await writeFile(path, text);
  return (await promisify(execFile)('systemd-analyze', ['verify', '--man=no', path])).stderr;
}

test('the parts of compose.yaml fit together', () => {
  const [file] = readYaml('compose.yaml') as [Record<'services' | 'volumes' | 'secrets', Record<string, never>>];
  const services = Object.values(file.services) as { volumes?: string[]; secrets?: string[] }[];
  const mounts = services.flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')[0] as string));
  const [folders, volumes] = [
    mounts.filter((from) => from.startsWith('.')),
    mounts.filter((from) => !from.startsWith('.')),
  ];
  expect(new Set(volumes)).toEqual(new Set(Object.keys(file.volumes)));
  expect(folders.filter((path) => !existsSync(join(DEPLOY, path)))).toEqual([]);
  expect(new Set(services.flatMap(({ secrets = [] }) => secrets))).toEqual(new Set(Object.keys(file.secrets)));
});

test('what kubernetes.yaml selects, mounts and asks is there', () => {
  const documents = readYaml('kubernetes.yaml') as { kind: string; metadata: { name: string }; spec: never }[];
  const find = (kind: string) => documents.filter((document) => document.kind === kind);
  const labels = find('Deployment').flatMap(({ spec }) => findWith(spec, 'labels').map((part) => part.labels));
  expect(find('Service').map(({ spec }) => (spec as { selector: unknown }).selector)).toEqual(labels);
  const [secret] = find('Secret') as unknown as [{ stringData: Record<string, string> }];
  const refs = findWith(documents, 'secretKeyRef').map(({ secretKeyRef }) => (secretKeyRef as { key: string }).key);
  expect(new Set(refs)).toEqual(new Set(Object.keys(secret.stringData)));
  const probes = findWith(documents, 'httpGet').map(({ httpGet }) => (httpGet as { path: string }).path);
  expect(probes).toEqual(['/ready', '/metrics']);
});

test('Caddy takes its file, and brings a WebSocket to a gateway without logging a query or a header', async () => {
  const folder = await createFolder();
  await mkdir(join(folder, 'run'));
  await copyFile(join(DEPLOY, 'Caddyfile'), join(folder, 'Caddyfile'));
  const [port, gatewayPort] = [await findFreePort(), await findFreePort()];
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    ADDRESS: `http://127.0.0.1:${port}`,
    GATEWAYS: `127.0.0.1:${gatewayPort}`,
  };
  const gateway = [join(ROOT, 'dist/cli/main.js'), 'gateway', '--development', '--port', String(gatewayPort)];
  await promisify(execFile)('caddy', ['validate', '--config', 'Caddyfile'], { cwd: folder, env });
  const said = start('caddy', ['run', '--config', 'Caddyfile'], folder, env);
  const headers = { authorization: 'Bearer canary', cookie: 'ticket=canary' };
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}?token=canary`, { headers });
  await until(() => ask('/websocket').catch(() => undefined), 'Caddy to listen', PATIENCE_MS);
  await until(() => said().includes('http.log.error'), 'its complaint that there is no gateway', PATIENCE_MS);
  start(process.execPath, gateway, folder, env);
  const frame = await until(
    () => readFirstFrame(`ws://127.0.0.1:${port}/websocket?token=canary`),
    'a frame',
    PATIENCE_MS,
  );
  expect(frame).toBe('{"id": "AUTH REQUEST"}');
  expect((await ask('/gateway/health')).status).toBe(404);
  await until(() => said().includes('"uri":"/gateway/health"'), 'its log', PATIENCE_MS);
  expect(said()).not.toContain('canary');
});

function readFirstFrame(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.on('error', () => {}).on('close', () => resolve(undefined)); // not up yet
    socket.on('message', (data) => {
      resolve(String(data));
      socket.terminate();
    });
  });
}

/** Starts a program, which ends with the test; what it returns tells what it has said. */
function start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): () => string {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return () => said;
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
