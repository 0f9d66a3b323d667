export type { PageScript, RingPage } from './page.ts';
export { createRing, type Ring, type RingOptions } from './ring.ts';
