/** Reads of a broker, so many under way at once; the others wait, and go with whoever asked. */
export interface ReadQueue<K> {
  /** Reads when it is this one's turn. `read` never rejects. */
  add(owner: K, read: () => Promise<void>): void;
  /** Drops what an owner has waiting; what is under way goes on. */
  drop(owner: K): void;
  /** How many wait. */
  readonly waiting: number;
}

/** Creates a queue without reads; at most `maxReads` are under way at once. */
export function createReadQueue<K>(maxReads: number): ReadQueue<K> {
  /** Who waits longest comes first; one owner has few. */
  const queue = new Map<K, (() => Promise<void>)[]>();
  let [underWay, waiting] = [0, 0];

  function readNext(): void {
    if (underWay >= maxReads) return;
    const [first] = queue;
    if (!first) return;
    const [owner, reads] = first;
    const read = reads.shift();
    if (reads.length === 0) queue.delete(owner);
    if (!read) return;
    waiting--;
    underWay++;
    void read().finally(() => {
      underWay--;
      readNext();
    });
  }

  return {
    add(owner, read) {
      queue.set(owner, [...(queue.get(owner) ?? []), read]);
      waiting++;
      readNext();
    },
    drop(owner) {
      waiting -= queue.get(owner)?.length ?? 0;
      queue.delete(owner);
    },
    get waiting() {
      return waiting;
    },
  };
}
