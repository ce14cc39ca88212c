/** Up to `count` items, at even distances. The first item is always among them. */
export const spreadOver = <T>(items: readonly T[], count: number): T[] =>
  Array.from({ length: Math.min(count, items.length) }, (_, index) => {
    const step = Math.max(1, items.length / count);
    return items[Math.floor(index * step)];
  });
