/*
 * Names of files, classes and runs may hold anything. A terminal obeys control characters: they move its cursor, change its
 * title or colours, or hide text.
 */

/**
 * The controls C0, DEL and C1 (`Cc`), and characters that end a line or turn the direction of the text after them (Unicode,
 * UAX #9: U+2028 to U+202E, U+2066 to U+2069).
 */
const unsafe = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text that is safe to print on a terminal: each control character is replaced by its escape, as in `\x1b` or `\u202e`.
 * Tabs and line feeds stay.
 */
export const printable = (text: string): string =>
  text.replace(unsafe, (character) => (character === '\t' || character === '\n' ? character : escaped(character)));

/** The same on one line: tabs and line feeds are escaped too. For names in a table or a list. */
export const printableLine = (text: string): string => text.replace(unsafe, escaped);

const short: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return short[character] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`);
}
