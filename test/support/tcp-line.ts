import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A network between clients and a server that speaks any protocol, with faults by name. */
export interface TcpLine {
  readonly port: number;
  /** From now on nothing gets through on the connections whose client said this, and nobody is told. New ones are free. */
  freeze(said: string): void;
  /** What was held goes on, as TCP would repeat it. */
  thaw(): void;
  /** Connections that were opened until now. */
  readonly count: number;
  /** Bytes that went to clients who said this. */
  bytesTo(said: string): number;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  said: string;
  bytes: number;
}

/** Opens a line on a free port of this machine to the server at `port`; it closes with the test. */
export async function openTcpLine(port: number): Promise<TcpLine> {
  const links = new Set<Link>();
  const listener = createServer((client) => {
    const link: Link = { client, server: connect(port, '127.0.0.1'), said: '', bytes: 0 };
    links.add(link);
    const end = () => {
      client.destroy();
      link.server.destroy();
    };
    for (const side of [client, link.server]) side.on('error', end).on('close', end);
    client.on('data', (chunk) => {
      link.said += chunk.toString('latin1');
      link.server.write(chunk);
    });
    link.server.on('data', (chunk) => {
      link.bytes += chunk.length;
      client.write(chunk);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(async () => {
    for (const { client, server } of links) {
      client.destroy();
      server.destroy();
    }
    listener.close();
    await once(listener, 'close');
  });
  const linksOf = (said: string) => [...links].filter((link) => link.said.includes(said));
  return {
    port: (listener.address() as AddressInfo).port,
    freeze(said) {
      for (const { client, server } of linksOf(said)) {
        client.pause();
        server.pause();
      }
    },
    thaw() {
      for (const { client, server } of links) {
        client.resume();
        server.resume();
      }
    },
    get count() {
      return links.size;
    },
    bytesTo: (said) => linksOf(said).reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
