/**
 * Ends what is up and does not work, so that supervisord starts it anew: the message proxy when an entry does not go round
 * through it, a gateway when it does not go round through this one while the proxy is well. A broker that is away is no fault
 * of the gateways, so they are left alone. Speaks supervisord's protocol of event listeners on stdin and stdout; what it
 * does it says on stderr, a line each.
 */
import { request } from 'node:http';
import { createBroker } from 'message-flow/broker';

/** Checks in a row that must fail; one comes every five seconds. */
const MAX_MISSES = 3;
/** How long a program may take to get well after its start, in seconds. */
const GRACE_S = 10;
const ANSWER_TIMEOUT_MS = 4_000;

const supervisor = process.env.SUPERVISOR_SERVER_URL?.replace('unix://', '') ?? 'run/supervisor.sock';
/** What ran at the latest check. */
let running = [];
/** Misses by pid: a new process begins anew. */
let misses = new Map();
let isChecking = false;

async function checkInTurn() {
  if (isChecking) return;
  isChecking = true;
  try {
    await check();
  } catch (error) {
    say(`no check: ${error.message}`);
  }
  isChecking = false;
}

async function check() {
  running = await listRunning();
  const failures = new Map();
  const { ok, reason } = await checkBroker();
  if (!ok) failures.set('proxy', reason);
  else await Promise.all(running.filter(isGateway).map(async ({ name }) => failures.set(name, await findFault(name))));
  const before = misses;
  misses = new Map();
  for (const { name, pid, uptimeS } of running) {
    const reason = failures.get(name);
    if (reason === undefined || uptimeS < GRACE_S) continue;
    misses.set(pid, (before.get(pid) ?? 0) + 1);
    if (misses.get(pid) < MAX_MISSES) continue;
    say(`${name}, process ${pid}: killed after ${MAX_MISSES} failed checks, ${reason}`);
    process.kill(pid, 'SIGKILL');
  }
}

/** Over connections of its own each time: a fault of one that we keep must not cost the proxy its logs. */
async function checkBroker() {
  const broker = createBroker(process.env.FLOW_BROKER);
  try {
    return await broker.health();
  } finally {
    await broker.close();
  }
}

function isGateway({ name }) {
  return name.startsWith('gateway-');
}

/** Why a gateway must end; undefined when it is well, or its broker is not. */
async function findFault(name) {
  try {
    const { broker, ring, socket } = JSON.parse(await ask(`run/${name}.sock`, 'GET', '/health'));
    if (!broker.ok || (ring.ok && socket.ok)) return undefined;
    return ring.reason ?? socket.reason;
  } catch (error) {
    return error.message;
  }
}

/** The programs that supervisord has running, by its XML-RPC. */
async function listRunning() {
  const call = '<methodCall><methodName>supervisor.getAllProcessInfo</methodName></methodCall>';
  const answer = await ask(supervisor, 'POST', '/RPC2', call);
  return answer.split('<struct>').flatMap((program) => {
    const read = (member) => new RegExp(`<name>${member}</name>\\s*<value><\\w+>([^<]*)<`).exec(program)?.[1];
    if (read('statename') !== 'RUNNING') return [];
    return [{ name: read('name'), pid: Number(read('pid')), uptimeS: Number(read('now')) - Number(read('start')) }];
  });
}

function ask(socketPath, method, path, body = '') {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const asked = request({ socketPath, method, path, headers, signal }, async (response) => {
      let text = '';
      try {
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve(text);
      } catch (error) {
        reject(error);
      }
    });
    asked.on('error', (error) => reject(signal.aborted ? new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`) : error));
    asked.end(body);
  });
}

/** supervisord fell, as it ends us first. What it ran would go on without it, and be in the way of the next. */
function endAll() {
  for (const { pid } of running) {
    try {
      if (pid !== process.pid) process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended by itself since the latest check.
    }
  }
  process.exit();
}

function say(text) {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

// supervisord.org, "Event Listener Notification Protocol": an event is sent only to who has said READY, and the next one once it
// was answered; and so little on a pipe comes whole (pipe(7), PIPE_BUF). A check may take longer than the time between two.
process.stdin.on('data', () => {
  process.stdout.write('RESULT 2\nOKREADY\n');
  void checkInTurn();
});
process.stdin.on('end', endAll);
process.stdout.write('READY\n');
