import { findVisitor } from '../../examples/observatory/back/visitor.ts';
import type { Plan } from '../../examples/observatory/shared/plan.ts';

/** A user of the example's plan who has no page: what a program may send with a browser's ticket. */
export interface PlanVisitor {
  readonly user: string;
  fetchPlan(): Promise<Plan>;
  /** What the server said to each action: a version, or the code of its refusal. */
  act(...actions: readonly { name: string; input: object }[]): Promise<(number | string)[]>;
  /** Removes all targets. */
  clear(): Promise<void>;
}

export async function visitPlan(url: string): Promise<PlanVisitor> {
  const cookie = (await fetch(url)).headers.get('set-cookie')?.split(';')[0] ?? '';
  let count = 0;

  async function ask<Answer>(route: string, question: object): Promise<Answer> {
    const headers = { 'content-type': 'application/json', cookie };
    const body = JSON.stringify({ log: 'store/plan', ...question });
    const response = await fetch(`${url}/flow/${route}`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`Cannot use the plan: ${response.status} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  const visitor: PlanVisitor = {
    user: findVisitor(cookie) ?? '',
    fetchPlan: async () => (await ask<{ state: Plan }>('snapshot', {})).state,
    async act(...said) {
      const actions = said.map((action) => ({ id: `${cookie.slice(-20)}-${++count}`, ...action }));
      const { answers } = await ask<{ answers: { version?: number; refused?: { code: string } }[] }>('actions', {
        actions,
      });
      return answers.map(({ version, refused }) => version ?? refused?.code ?? 'nothing');
    },
    async clear() {
      const { targets } = await visitor.fetchPlan();
      if (targets.length > 0) await visitor.act(...targets.map(({ id }) => ({ name: 'remove', input: { id } })));
    },
  };
  return visitor;
}
