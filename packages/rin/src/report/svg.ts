import { printableLine } from '@rin/core';

/** Attributes of an element of SVG. */
export type Attributes = Readonly<Record<string, string | number>>;

/** An element of SVG with its children. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  const start = `<${name}${written.join('')}`;
  return children.length > 0 ? `${start}>${children.join('')}</${name}>` : `${start}/>`;
}

/** Text as a child of an element. Control characters are shown as escapes, because XML forbids them. */
export const escaped = (text: string): string =>
  printableLine(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A coordinate in pixels, to a tenth. */
export const pixels = (value: number): string => String(Number(value.toFixed(1)));
