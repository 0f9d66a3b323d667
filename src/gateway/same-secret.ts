import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells nothing of where two texts differ. */
export function isSameSecret(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(left, right);
}
