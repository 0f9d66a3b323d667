import { rmSync } from 'node:fs';
import { type FaultLine, openFaultLine } from '../support/fault-line.ts';
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
  /** Bytes that came by the live end. */
  countLiveBytes(): number;
  close(): Promise<void>;
}

/** Opens a line to the proxy at `zeromq+ipc://` and a folder. */
export async function openCutLine(target: string): Promise<CutLine> {
  const [folder, targetFolder] = [createSocketFolder(), new URL(target).pathname];
  const open = (kind: string) => openFaultLine(`${targetFolder}/${kind}`, `${folder}/${kind}`);
  const lines: Readonly<Record<'requests' | 'live', FaultLine>> = {
    requests: await open('requests'),
    live: await open('live'),
  };
  const all = Object.values(lines);
  return {
    url: `zeromq+ipc://${folder}`,
    cut(...kinds) {
      for (const line of kinds.length > 0 ? kinds.map((kind) => lines[kind]) : all) line.cut();
    },
    freeze() {
      for (const line of all) line.freeze();
    },
    thaw() {
      for (const line of all) line.thaw();
    },
    countLiveBytes: () => lines.live.bytesTo(''),
    async close() {
      await Promise.all(all.map((line) => line.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
