import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createSocketFolder } from './proxy-process.ts';

/** A line between a broker and a proxy, with faults by name: a folder of sockets that lead to those of another. */
export interface CutLine {
  /** What a broker is opened with. */
  readonly url: string;
  /** Ends all connections of one kind, or of both. They may be opened again at once. */
  cut(...kinds: readonly ('requests' | 'live')[]): void;
  /** From now on nothing gets through, in either direction, and nobody is told: as when a cable is pulled. */
  freeze(): void;
  /** What was held goes on. */
  thaw(): void;
  close(): Promise<void>;
}

/** Opens a line to the proxy at `zeromq+ipc://` and a folder. */
export async function openCutLine(target: string): Promise<CutLine> {
  const [folder, targetFolder] = [createSocketFolder(), new URL(target).pathname];
  const links = new Map<Socket, { readonly kind: string; readonly far: Socket }>();
  let isFrozen = false;

  function open(kind: string) {
    const server = createServer((near) => {
      const far = connect(`${targetFolder}/${kind}`);
      links.set(near, { kind, far });
      const end = () => {
        near.destroy();
        far.destroy();
        links.delete(near);
      };
      for (const side of [near, far]) side.on('error', end).on('close', end);
      near.pipe(far);
      far.pipe(near);
      if (isFrozen) hold(near, far);
    });
    server.listen(`${folder}/${kind}`);
    return server;
  }

  function hold(...sides: readonly Socket[]): void {
    for (const side of sides) side.unpipe().pause();
  }

  const servers = [open('requests'), open('live')];
  await Promise.all(servers.map((server) => once(server, 'listening')));
  return {
    url: `zeromq+ipc://${folder}`,
    cut(...kinds) {
      for (const [near, { kind, far }] of [...links]) {
        if (kinds.length > 0 && !kinds.some((one) => one === kind)) continue;
        near.destroy();
        far.destroy();
        links.delete(near);
      }
    },
    freeze() {
      isFrozen = true;
      for (const [near, { far }] of links) hold(near, far);
    },
    thaw() {
      isFrozen = false;
      for (const [near, { far }] of links) {
        near.pipe(far);
        far.pipe(near);
      }
    },
    async close() {
      for (const [near, { far }] of links) {
        near.destroy();
        far.destroy();
      }
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
