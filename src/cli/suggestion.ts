/** Finds the name that was probably meant: at most a third of its letters differ, a pair changed round counts once. */
export function findNearest(given: string, names: readonly string[]): string | undefined {
  const wanted = given.toLowerCase().slice(0, 40);
  const ranked = names
    .map((name) => ({ name, distance: measureDistance(wanted, name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.name;
}

/** Says what was probably meant, or nothing. */
export function formatSuggestion(given: string, names: readonly string[]): string {
  const nearest = findNearest(given, names);
  return nearest === undefined ? '' : `, did you mean ${nearest}?`;
}

/** Damerau's distance, of neighbours changed round, missing, added and other letters. */
function measureDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          at(i - 1, j) + 1,
          (row[j - 1] as number) + 1,
          at(i - 1, j - 1) + (isSame ? 0 : 1),
          isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(a.length, b.length);
}
