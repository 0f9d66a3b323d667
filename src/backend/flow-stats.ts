/** Counts since a flow was made, and what waits now. */
export interface FlowStats {
  /** Sends that resolved. */
  readonly sent: number;
  /** Sends that rejected, awaited or not. */
  readonly failed: number;
  /** Entries stored after their send had been given up; those sends count as failed too. */
  readonly late: number;
  /** Entries that wait for their turn, or for the broker's answer. */
  readonly queuedEntries: number;
  /** Their bytes: data, event and key. At most 1 MiB a log and 64 MiB in all. */
  readonly queuedBytes: number;
}
