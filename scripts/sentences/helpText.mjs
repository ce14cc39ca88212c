// @ts-check

/**
 * The prose of a help text: paragraphs, and the columns of its indented lines. Text in brackets is a separate text.
 *
 * @param {string} page
 * @returns {import('./markdown.mjs').Text[]}
 */
export function textsOfHelp(page) {
  /** @type {import('./markdown.mjs').Text[]} */
  const texts = [];
  let inParagraph = false;
  for (const [index, line] of page.split('\n').entries()) {
    const isRow = line.startsWith('  ');
    if (isRow) texts.push(...cells(line).map((text) => ({ line: index + 1, text })));
    else if (inParagraph) texts[texts.length - 1].text += ` ${line}`;
    else if (line !== '') texts.push({ line: index + 1, text: line });
    inParagraph = line !== '' && !isRow && !line.endsWith(':');
  }
  return texts;
}

/** @param {string} line */
const cells = (line) =>
  line
    .split(/ {2,}|(?<=\]) |(?= \[)/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');
