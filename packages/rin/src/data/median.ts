/**
 * The lower median of numbers that may occur several times; 0 if there are none.
 * @param values each with its number of occurrences, in any order
 */
export function median(values: readonly (readonly [value: number, times: number])[]): number {
  const half = values.reduce((sum, [, times]) => sum + times, 0) / 2;
  let below = 0;
  for (const [value, times] of [...values].sort(([a], [b]) => a - b)) {
    below += times;
    if (below >= half) return value;
  }
  return 0;
}
