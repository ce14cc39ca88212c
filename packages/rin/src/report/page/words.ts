import { count } from '@rin/core';

/** `0.0521`, `1.23`, `0`, `1,162` */
export const number = (value: number): string =>
  Math.abs(value) < 999.5 ? String(Number(value.toPrecision(3))) : count(Math.round(value));

/** `5%`, `12.3%` */
export const percent = (share: number): string => `${number(100 * share)}%`;

/** `2026-11-28 22:53 UTC` */
export const when = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Up to `most` items, at about equal distances. The first and the last item are among them. @param most at least 2 */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
