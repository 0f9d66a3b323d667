/** Where a proxy is: two sockets next to each other, one for requests, one for the live end. */
export interface Place {
  /** As it may be shown: without the secret. */
  readonly address: string;
  /** ZeroMQ endpoints. */
  readonly requests: string;
  readonly live: string;
  /** The files of the sockets, where they are Unix sockets. */
  readonly files: readonly string[];
}

/** Longest path of a Unix socket, in bytes. unix(7): sun_path has 108, the last is the end's mark. */
const MAX_PATH_BYTES = 107;
const MAX_PORT = 65_535;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/i;

/**
 * Reads where a proxy is: `zeromq+ipc:///folder`, with two Unix sockets in the folder, or `zeromq://host:port`, with
 * requests at this port and the live end at the next.
 * @throws {RangeError} when it names no place, or one that whoever reaches it could use
 */
export function readPlace(url: URL, { development = false }: { readonly development?: boolean } = {}): Place {
  const address = `${url.protocol}//${url.host}${url.pathname}`;
  const refuse = (reason: string) => new RangeError(`Cannot use the broker "${address}": ${reason}`);
  if (url.search || url.hash) throw refuse('it must end before "?" and "#"');
  if (url.username || url.password) throw refuse("it can't hold credentials");
  return url.protocol === 'zeromq:' ? readPort(url, address, development, refuse) : readFolder(url, address, refuse);
}

function readFolder(url: URL, address: string, refuse: (reason: string) => RangeError): Place {
  const folder = findDecoded(url.pathname)?.replace(/\/+$/, '');
  if (url.host || !folder?.startsWith('/') || folder.includes('\0')) {
    throw refuse('it must name a folder by its whole path, such as zeromq+ipc:///run/message-flow');
  }
  const files = ['requests', 'live'].map((name) => `${folder}/${name}`) as [string, string];
  const bytes = Buffer.byteLength(files[0]);
  if (bytes > MAX_PATH_BYTES) {
    throw refuse(
      `the path ${files[0]} has ${bytes} bytes, a Unix socket's at most ${MAX_PATH_BYTES}; choose a shorter folder`,
    );
  }
  return { address, requests: `ipc://${files[0]}`, live: `ipc://${files[1]}`, files };
}

function readPort(url: URL, address: string, development: boolean, refuse: (reason: string) => RangeError): Place {
  const port = Number(url.port);
  if (!HOST.test(url.hostname) || port < 1 || port >= MAX_PORT || !['', '/'].includes(url.pathname)) {
    throw refuse(`it must name a host and a port below ${MAX_PORT}, such as zeromq://127.0.0.1:5570`);
  }
  if (!LOOPBACK.test(url.hostname) && !development) {
    throw refuse(
      'whoever reaches that host could read and write every log; use 127.0.0.1, or zeromq+ipc:// with a folder',
    );
  }
  // Bound by number: a name would be taken for that of a network interface.
  const host = url.hostname.toLowerCase() === 'localhost' ? '127.0.0.1' : url.hostname;
  return { address, requests: `tcp://${host}:${port}`, live: `tcp://${host}:${port + 1}`, files: [] };
}

function findDecoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // not percent-encoded UTF-8: the caller refuses it
  }
}
