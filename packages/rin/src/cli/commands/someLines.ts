import { count, countOf } from '@rin/core';

/** Most classes, sizes and unusable files that get a line. */
export const mostLines = { classes: 100, sizes: 3, skipped: 20 };

/** A line for each item, up to a limit. A last line counts the rest. */
export function* some<T>(items: readonly T[], limit: number, line: (item: T) => string): Generator<string> {
  for (const item of items.slice(0, limit)) yield line(item);
  if (items.length > limit) yield `… and ${count(items.length - limit)} more`;
}

/** `flowers: 3,670 pictures, 5 classes; 2 unusable` @param noun of a sample or recording, in the singular */
export function headline(
  name: string,
  noun: string,
  { all, classes, unusable }: Record<'all' | 'classes' | 'unusable', number>,
) {
  const inClasses = classes > 0 ? countOf(classes, 'class') : 'no classes';
  return `${name}: ${countOf(all, noun)}, ${inClasses}${unusable > 0 ? `; ${count(unusable)} unusable` : ''}`;
}
