/** Many screens of a run in one process, each with a client and a socket of its own. */
import type { LogName, Position } from 'message-flow/protocol';
import { answerParent } from './asking.ts';
import type { CrowdOptions, CrowdStatus } from './crowd.ts';
import { userOf } from './fault-app.ts';
import { openLedger } from './ledger.ts';
import { createScreen, type Screen } from './screen.ts';

const { ledger: file, webs, sabotage }: CrowdOptions = JSON.parse(process.argv[2] ?? '');

const ledger = openLedger(file);
const screens = new Map<string, Screen>();
let gateways: readonly number[] = [];
let turn = 0;

/** As a balancer does: one after the other of those that run. */
function pickGateway(): number {
  return gateways[turn++ % Math.max(1, gateways.length)] ?? 0;
}

function readStatus(ends: readonly (readonly [LogName, Position])[]): CrowdStatus {
  ledger.flush();
  const tops = new Map(ends);
  let [liveCount, doneCount] = [0, 0];
  for (const screen of screens.values()) {
    if (screen.isLive) liveCount++;
    if (screen.isAt(tops)) doneCount++;
  }
  return { liveCount, doneCount };
}

answerParent({
  balance: (ports: readonly number[]) => {
    gateways = ports;
  },
  open: (numbers: readonly number[]) => {
    for (const number of numbers) {
      const id = `screen ${number}`;
      screens.set(id, createScreen({ id, user: userOf(number), webs, pickGateway, ledger, sabotage }));
    }
  },
  status: readStatus,
  stall: (isStalled: boolean) => {
    for (const screen of screens.values()) screen.stall(isStalled);
  },
});
