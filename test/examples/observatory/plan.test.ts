import { runAction } from 'message-flow/contract';
import { describe, expect, test } from 'vitest';
import { MAX_TARGETS, type Plan, type PlanAction, plan } from '../../../examples/observatory/shared/plan.ts';

const run = (state: Plan, { name, input }: PlanAction) => runAction(plan, state, name, input);
const add = (id: string, name = id): PlanAction => ({ name: 'add', input: { id, name, by: 'ada' } });
const move = (id: string, places: number): PlanAction => ({ name: 'move', input: { id, places } });
const names = ({ targets }: Plan) => targets.map(({ name }) => name).join(' ');

function createPlan(...ids: string[]): Plan {
  return ids.map((id) => add(id)).reduce(run, { targets: [] });
}

describe('the plan', () => {
  test('grows at its end', () => {
    expect(createPlan('a', 'b')).toEqual({
      targets: [
        { id: 'a', name: 'a', by: 'ada', isDone: false },
        { id: 'b', name: 'b', by: 'ada', isDone: false },
      ],
    });
  });

  test.each([
    ['a', -1, 'a b c'],
    ['b', -1, 'b a c'],
    ['b', 1, 'a c b'],
    ['c', 1, 'a b c'],
    ['c', -9, 'c a b'],
    ['a', 9, 'b c a'],
  ])('moves %s by %d places as far as there are any', (id, places, after) => {
    expect(names(run(createPlan('a', 'b', 'c'), move(id, places)))).toBe(after);
  });

  test('is ticked off to a state, so that twice is once', () => {
    const tick: PlanAction = { name: 'tick', input: { id: 'a', isDone: true } };
    const once = run(createPlan('a'), tick);
    expect(once.targets[0]?.isDone).toBe(true);
    expect(run(once, tick)).toEqual(once);
  });

  test('loses a target once, however often it is removed', () => {
    const remove: PlanAction = { name: 'remove', input: { id: 'a' } };
    expect(names(run(run(createPlan('a', 'b'), remove), remove))).toBe('b');
  });

  test('has no name twice, whatever its letters', () => {
    expect(() => run(createPlan('M31'), add('x', 'm31'))).toThrow('“m31” is in the plan already');
  });

  test('is full at twelve', () => {
    const ids = Array.from({ length: MAX_TARGETS }, (_, i) => `t${i}`);
    run(createPlan(...ids.slice(1)), add('x'));
    expect(() => run(createPlan(...ids), add('x'))).toThrow('The plan is full: a night has time for 12');
  });

  test.each([move('gone', 1), { name: 'tick', input: { id: 'gone', isDone: true } } as const])(
    'can not have done to what is gone: %j',
    (action) => {
      expect(() => run(createPlan('a'), action)).toThrow('It is no longer in the plan');
    },
  );
});
