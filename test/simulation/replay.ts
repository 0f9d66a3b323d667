import { writeFileSync } from 'node:fs';
import type { Run } from './campaign.ts';
import { formatHistory } from './history.ts';
import { simulate } from './simulation.ts';

/** Lines shown of a failing log; all are in the file. */
const SHOWN_LINES = 60;

/** Runs one seed again, tells what led to its first breach, and writes trace and history to files; returns the exit code. */
export async function replay({ seed, ...options }: Run): Promise<number> {
  const lines: string[] = [];
  const outcome = await simulate(seed, { ...options, trace: (line) => lines.push(line) });
  const { violations } = outcome.verdict;
  const [first] = violations;
  writeFileSync(`.cache/simulation-${seed}.txt`, `${JSON.stringify(outcome.plan)}\n${lines.join('\n')}\n`);
  writeFileSync(`.cache/simulation-${seed}.jsonl`, formatHistory(outcome.history));
  console.log(`Plan: ${JSON.stringify(outcome.plan)}`);
  if (first) {
    const until = lines.findIndex((line) => line.includes(`FACT ${first.seq} `));
    const told = lines.slice(0, until + 1).filter((line) => line.includes(first.log) && concerns(line, first.follower));
    console.log(['…', ...told.slice(-SHOWN_LINES)].map((line) => line.slice(0, 220)).join('\n'));
  }
  for (const { kind, log, follower, seq, detail } of violations)
    console.log(`${kind}: ${follower} of ${log}: ${detail} (fact ${seq})`);
  for (const error of outcome.errors) console.log('Thrown:', error);
  console.log(
    `Seed ${seed}: ${violations.length + outcome.errors.length} breaches; all of it in .cache/simulation-${seed}.txt and .jsonl`,
  );
  return violations.length + outcome.errors.length === 0 ? 0 : 1;
}

/** What other followers got is left out. */
function concerns(line: string, follower: string): boolean {
  const other = / (c\d+) (?:hears|sends|opens)|"follower":"(c\d+)[-a-z]*"/.exec(line);
  return !other || (other[1] ?? other[2]) === follower.replace(/-.*/, '');
}
