/**
 * Aligns rows in columns.
 * @param left  first cells of the columns that are aligned on the left; the others are aligned on the right
 */
export function textTable(rows: readonly (readonly string[])[], left: readonly string[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isLeft = rows[0].map((heading) => left.includes(heading));
  const cell = (text: string, column: number): string =>
    isLeft[column] ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  return rows.map((row) => row.map(cell).join('  ').trimEnd());
}
