import { expect, test } from 'vitest';
import { findNearest } from '../../src/cli/suggestion.ts';

const NAMES = ['gateway', 'send', 'watch', 'token', 'check'];

test.each([
  ['sned', 'send'],
  ['SEND', 'send'],
  ['gatway', 'gateway'],
  ['watches', undefined],
  ['chekc', 'check'],
  ['x', undefined],
  ['', undefined],
  ['publish', undefined],
])('%j was probably meant as %j', (given, meant) => {
  expect(findNearest(given, NAMES)).toBe(meant);
});
