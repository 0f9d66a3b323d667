import { setTimeout } from 'node:timers/promises';

/** Takes its time, as reports do. */
export async function writeReport(title) {
  await setTimeout(1_500);
  return `Report on ${title}: all is well`;
}
