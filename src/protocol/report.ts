/** Makes an app's listener safe to call in the middle of anything: what it throws, or rejects with, is let go. */
export function createReport<E>(onEvent: (event: E) => unknown): (event: E) => void {
  return (event) => {
    try {
      const heard = onEvent(event);
      if (heard instanceof Promise) heard.catch(ignore); // a listener may be async, and a rejection would end the process
    } catch (error) {
      ignore(error);
    }
  };
}

/** The listener is where faults are told: there is nobody left to tell of its own. */
function ignore(_error: unknown): void {}
