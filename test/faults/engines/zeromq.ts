import { readFileSync } from 'node:fs';
import { type FaultLine, openFaultLine } from '../../support/fault-line.ts';
import { findFreePair } from '../../support/free-ports.ts';
import { until } from '../../support/until.ts';
import { type Child, startChild } from '../child.ts';
import type { Engine } from '../engine.ts';

const START_TIMEOUT_MS = 60_000;

/** The message proxy: a process of ours that keeps the logs in its memory. */
export const zeromq: Engine = {
  name: 'zeromq',
  says: 'a message proxy',
  afterKill: 'nothing',
  afterStop: 'nothing',
  isEmbedded: false,
  hasLiveLine: true,
  hasSnapshots: false,
  readVersion: () => `zeromq ${JSON.parse(readFileSync('node_modules/zeromq/package.json', 'utf8')).version}`,
  async start(scope, { maxEntries, programs }) {
    const port = await findFreePair();
    const url = urlOf(port);
    let child: Child;
    async function start(): Promise<void> {
      const args = ['proxy', '--broker', url, '--max-entries', `${maxEntries}`];
      child = startChild(scope, { file: programs.main, args });
      const isUp = () => child.output.includes('"listening"') || !child.isRunning;
      await until(isUp, 'the message proxy to listen', START_TIMEOUT_MS);
      if (!child.isRunning) throw new Error(`Cannot start the message proxy: it ended, and said:\n${child.output}`);
    }
    await start();
    return {
      url,
      brokerOptions: {},
      async openLine() {
        const own = await findFreePair();
        const [requests, live] = [await openFaultLine(port, own), await openFaultLine(port + 1, own + 1)];
        scope.defer(() => Promise.all([requests.close(), live.close()]));
        const onBoth = (act: (line: FaultLine) => void) => [requests, live].forEach(act);
        return {
          url: urlOf(own),
          cut: () => onBoth((line) => line.cut()),
          thaw: () => onBoth((line) => line.thaw()),
          refuse: (isOn) => onBoth((line) => line.refuse(isOn)),
          delay: (ms) => onBoth((line) => line.delay(ms)),
          freeze(what) {
            if (what !== 'live') requests.freeze({ way: what === 'answers' ? 'answers' : 'both' });
            if (what !== 'answers') live.freeze(what === 'live' ? { said: '' } : {});
          },
        };
      },
      end: (signal) => child.end(signal),
      start,
      copyData: () => Promise.reject(new Error('Cannot copy data: the message proxy keeps none on disk')),
    };
  },
};

function urlOf(port: number): string {
  return `zeromq://127.0.0.1:${port}`;
}
