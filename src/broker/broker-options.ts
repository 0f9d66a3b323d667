import type { RetentionOptions } from './retention.ts';

/** How a broker is made from a URL. */
export interface BrokerOptions extends RetentionOptions {
  /** States that one process is all there is: `memory:` can't be shared, so it is refused without. @default false */
  readonly single?: boolean;
  /** Allows what is safe on a developer's machine only: `memory:` unasked, no credentials. @default false */
  readonly development?: boolean;
}
