/**
 * Shares a proof among those who ask for it at once. One that is under way proves nothing to who asks later; so one more is
 * made for all of them, and never are there two at a time.
 */
export function shareProof(prove: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function start(): Promise<void> {
    next = undefined;
    const proof = prove().finally(() => {
      if (running === proof) running = undefined;
    });
    running = proof;
    return proof;
  }

  return () => {
    if (!running) return start();
    next ??= running.then(start, start);
    return next;
  };
}
