/** Up to `count` whole numbers from 0 to `length - 1`, at even distances. 0 is always among them. */
export const spreadIndices = (length: number, count: number): number[] =>
  Array.from({ length: Math.min(count, length) }, (_, i) => Math.floor((i * length) / Math.min(count, length)));

/** Up to `count` items, at even distances. The first item is always among them. */
export const spreadOver = <T>(items: readonly T[], count: number): T[] =>
  spreadIndices(items.length, count).map((index) => items[index]);
