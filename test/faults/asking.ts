/** What one process asks another, over the channel between them. */
interface Question {
  readonly id: number;
  readonly name: string;
  readonly given: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Answers what the parent asks; without a parent, the process ends. */
export function answerParent(answers: Readonly<Record<string, (given: never) => unknown>>): void {
  process.on('message', (question: Question) => void reply(question, answers[question.name] as never));
  process.on('disconnect', () => process.exit());
}

async function reply({ id, given }: Question, answer: (given: unknown) => unknown): Promise<void> {
  try {
    tell({ id, value: await answer(given) });
  } catch (error) {
    tell({ id, error: String(error) });
  }
}

function tell(answer: Answer): void {
  process.send?.(answer, undefined, undefined, () => {}); // a parent that has gone ends this process
}
