// @ts-check
// Tables in Markdown, and the place of a benchmark's tables in a page of the docs.
import { readFileSync, writeFileSync } from 'node:fs';

/** @param {readonly (readonly (string | number)[])[]} rows  head first */
export function markdownTable([head, ...rows]) {
  const line = (/** @type {readonly (string | number)[]} */ cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/**
 * Puts text between the comments `<!-- NAME -->` and `<!-- /NAME -->` of a page, in place of what is there.
 * @param {string} path @param {string} name @param {string} content
 */
export function writeBetween(path, name, content) {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path}: expected the lines ${begin} and ${end}`);
  writeFileSync(path, `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`);
}
