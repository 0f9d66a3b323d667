/** Where a proxy is: two sockets next to each other, one for requests, one for the live end. */
export interface Place {
  /** As it may be shown: without the secret. */
  readonly address: string;
  /** ZeroMQ endpoints. */
  readonly requests: string;
  readonly live: string;
  /** The files of the sockets, where they are Unix sockets. */
  readonly files: readonly string[];
  /** What both sides have: all that passes is encrypted, and nobody else is let in. */
  readonly secret?: string;
}

/** Longest path of a Unix socket, in bytes. unix(7): sun_path has 108, the last is the end's mark. */
const MAX_PATH_BYTES = 107;
const MAX_PORT = 65_535;
const MIN_SECRET_BYTES = 32;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;

/**
 * Reads where a proxy is: `zeromq+ipc:///folder`, with two Unix sockets in the folder, or `zeromq://:secret@host:port`,
 * with requests at this port and the live end at the next. On this machine's own addresses a secret may be left out.
 * @throws {RangeError} when it names no place, or one that whoever reaches it could use
 */
export function readPlace(url: URL, { development = false }: { readonly development?: boolean } = {}): Place {
  const address = `${url.protocol}//${url.host}${url.pathname}`;
  const refuse = (reason: string) => new RangeError(`Cannot use the broker "${address.slice(0, 160)}": ${reason}`);
  if (url.search || url.hash) throw refuse('it must end before "?" and "#"');
  return url.protocol === 'zeromq:' ? readPort(url, address, development, refuse) : readFolder(url, address, refuse);
}

function readFolder(url: URL, address: string, refuse: (reason: string) => RangeError): Place {
  if (url.username || url.password) throw refuse("it takes no secret: who may write to the folder's sockets is let in");
  const folder = findDecoded(url.pathname)?.replace(/\/+$/, '');
  if (url.host || !folder?.startsWith('/') || folder.includes('\0')) {
    throw refuse('it must name a folder by its whole path, such as zeromq+ipc:///run/message-flow');
  }
  const files = ['requests', 'live'].map((name) => `${folder}/${name}`) as [string, string];
  const bytes = Buffer.byteLength(files[0]);
  if (bytes > MAX_PATH_BYTES) {
    throw refuse(
      `a socket's path in it has ${bytes} bytes, at most ${MAX_PATH_BYTES} are possible; choose a shorter one`,
    );
  }
  return { address, requests: `ipc://${files[0]}`, live: `ipc://${files[1]}`, files };
}

function readPort(url: URL, address: string, development: boolean, refuse: (reason: string) => RangeError): Place {
  const port = Number(url.port);
  if (!HOST.test(url.hostname) || port < 1 || port >= MAX_PORT || !['', '/'].includes(url.pathname)) {
    throw refuse(`it must name a host and a port below ${MAX_PORT}, such as zeromq://127.0.0.1:5570`);
  }
  const secret = findDecoded(url.password);
  // No message shows how a secret is written in a URL: whatever prints it would take that for one, and hide it.
  if (url.username || secret === undefined) throw refuse('it takes a secret alone, without a name, percent-encoded');
  if (secret !== '' && Buffer.byteLength(secret) < MIN_SECRET_BYTES && !development) {
    throw refuse(`its secret has less than ${MIN_SECRET_BYTES} bytes; make one by openssl rand -hex 32`);
  }
  if (secret === '' && !LOOPBACK.test(url.hostname) && !development) {
    throw refuse('whoever reaches that host could read and write every log; give it a secret, or use 127.0.0.1');
  }
  // Bound by number: a name would be taken for that of a network interface.
  const host = url.hostname.toLowerCase() === 'localhost' ? '127.0.0.1' : url.hostname;
  return {
    address,
    requests: `tcp://${host}:${port}`,
    live: `tcp://${host}:${port + 1}`,
    files: [],
    ...(secret !== '' && { secret }),
  };
}

function findDecoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // not percent-encoded UTF-8: the caller refuses it
  }
}
