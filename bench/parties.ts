/** Starts the processes of a row and speaks to them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type CrowdOrder, type HolderOrder, SECRET, type Usage } from './orders.ts';

/** Whose sockets: a gateway's, or those of `ws` with a loop over them, which is the control. */
export type Kind = 'gateway' | 'control';

/** A process that holds sockets, and the one that holds their other ends. */
export interface Parties {
  /** Opens connections until there are so many. */
  open(count: number): Promise<void>;
  order(order: HolderOrder): Promise<Usage>;
  /** Resolves once the crowd has so many entries in all. */
  untilHeard(entries: number): Promise<void>;
  close(): Promise<void>;
}

export async function startParties(kind: Kind): Promise<Parties> {
  const holder = startProgram('holder.js', kind);
  const [url] = (await once(holder, 'message')) as [string];
  const crowd = startProgram('crowd.js');
  const tell = async (order: CrowdOrder) => void (await ask(crowd, order));
  return {
    open: (count) => tell({ type: 'open', count, url, secret: kind === 'gateway' ? SECRET : null }),
    order: (order) => ask(holder, order) as Promise<Usage>,
    untilHeard: (entries) => tell({ type: 'await', entries }),
    async close() {
      for (const child of [crowd, holder]) {
        const ended = once(child, 'exit');
        child.disconnect();
        await ended;
      }
    },
  };
}

function startProgram(file: string, ...args: string[]): ChildProcess {
  const child = fork(join(import.meta.dirname, file), args, { execArgv: ['--expose-gc'] });
  child.on('exit', (code) => {
    if (code === 0) return;
    console.error(`${file} ended with ${code}: see above`);
    process.exit(1); // its sockets' other ends go with it
  });
  return child;
}

async function ask(child: ChildProcess, order: HolderOrder | CrowdOrder): Promise<unknown> {
  child.send(order);
  const [answer] = (await once(child, 'message')) as [unknown];
  return answer;
}
