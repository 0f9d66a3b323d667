import { test } from 'vitest';

/**
 * For claims about Node's own transports. Under an upgraded socket Bun's neither count bytes nor tell, once the kernel was
 * full, that they have drained: a gateway there needs a host of its own.
 */
export const onNode: (claim: string, run: () => Promise<void>, timeoutMs?: number) => void =
  'Bun' in globalThis ? () => {} : test;
