/*
 * Names of files, classes and runs may contain any character. A terminal executes control characters: they move its cursor,
 * change its title or colours, or hide text.
 */

/**
 * The control characters C0, DEL and C1 (`Cc`). Also U+2028 to U+202E and U+2066 to U+2069, which end a line or change the
 * direction of text (Unicode, UAX #9).
 */
const unsafe = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/**
 * Text that is safe to print on a terminal: each control character is replaced by its escape, as in `\x1b` or `\u202e`.
 * Tabs and line feeds stay.
 */
export const printable = (text: string): string =>
  text.replace(unsafe, (character) => (character === '\t' || character === '\n' ? character : escaped(character)));

/** Like `printable`, on one line: tabs and line feeds are escaped too. For names in a table or a list. */
export const printableLine = (text: string): string => text.replace(unsafe, escaped);

/** A value as indented JSON that is safe to print. `JSON.parse` gives the same value back. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).replace(unsafe, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const short: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return short[character] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`);
}

/** A path in a command that a message proposes. It is in quotes if a shell would change it. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
