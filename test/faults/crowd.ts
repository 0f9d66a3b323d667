import { join } from 'node:path';
import type { LogName, Position } from 'message-flow/protocol';
import { type Child, startChild } from './child.ts';
import type { Programs } from './programs.ts';
import type { Scope } from './scope.ts';

/** A fault of ours in a screen, by which the harness is proven to see: it drops the entry of this number. */
export interface Sabotage {
  readonly dropAt: number;
}

/** What a crowd's program is told. */
export interface CrowdOptions {
  readonly ledger: string;
  /** Ports of web servers. */
  readonly webs: readonly number[];
  readonly sabotage?: Sabotage | undefined;
}

/** How its screens stand. */
export interface CrowdStatus {
  readonly liveCount: number;
  /** How many stand where every log that they follow ends. */
  readonly doneCount: number;
}

/** Many screens in one process. */
export interface Crowd {
  readonly screenCount: number;
  /** Says which gateways screens may be led to. */
  balance(ports: readonly number[]): Promise<void>;
  readStatus(ends: ReadonlyMap<LogName, Position>): Promise<CrowdStatus>;
  /** From now on its screens read nothing of what comes, or go on to read. */
  stall(isStalled: boolean): Promise<void>;
}

/** Starts a crowd whose screens open at once; it ends with the scope. */
export async function openCrowd(
  scope: Scope,
  { crowd: file }: Programs,
  options: CrowdOptions & { readonly numbers: readonly number[]; readonly gateways: readonly number[] },
): Promise<Crowd> {
  const { numbers, gateways, ...told } = options;
  const child: Child = startChild(scope, { file, args: [JSON.stringify(told)], isAsked: true });
  await child.ask('balance', gateways);
  await child.ask('open', numbers);
  return {
    screenCount: numbers.length,
    balance: (ports) => child.ask('balance', ports),
    readStatus: (ends) => child.ask('status', [...ends]),
    stall: (isStalled) => child.ask('stall', isStalled),
  };
}

/** Numbers of screens, in so many parts. */
export function splitNumbers(count: number, parts: number): number[][] {
  return Array.from({ length: parts }, (_, part) =>
    Array.from({ length: count }, (_, number) => number).filter((number) => number % parts === part),
  );
}

/** Where a process of a run writes. */
export function ledgerOf(folder: string, name: string): string {
  return join(folder, `${name}.jsonl`);
}
