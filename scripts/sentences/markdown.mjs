// @ts-check
import { lexer } from 'marked';

/**
 * @typedef {object} Text   a unit of prose: a paragraph, an item of a list, a cell of a table, a heading
 * @property {number} line   its first line, from 1
 * @property {string} text   in one line; a code span keeps its backticks, and its spaces become non-breaking
 */

/**
 * The prose of a Markdown page. Blocks of code, HTML and the addresses of links are left out.
 *
 * @param {string} page
 * @returns {Text[]}
 */
export function textsOfMarkdown(page) {
  return textsOf(lexer(page), 1);
}

/** @param {import('marked').Token[]} tokens @param {number} line  of the first token @returns {Text[]} */
function textsOf(tokens, line) {
  /** @type {Text[]} */
  const texts = [];
  for (const token of tokens) {
    texts.push(...textsOfBlock(token, line));
    line += token.raw.split('\n').length - 1;
  }
  return texts;
}

/** @param {import('marked').Token} token @param {number} line @returns {Text[]} */
function textsOfBlock(token, line) {
  switch (token.type) {
    case 'heading':
    case 'paragraph':
    case 'text':
      return withAlternatives(token.tokens ?? [token], line);
    case 'list':
      return textsOf(token.items, line);
    case 'list_item':
    case 'blockquote':
      return textsOf(token.tokens ?? [], line);
    case 'table': {
      const rows = /** @type {import('marked').Tokens.TableCell[][]} */ ([token.header, [], ...token.rows]);
      return rows.flatMap((cells, row) => cells.flatMap(({ tokens }) => withAlternatives(tokens, line + row)));
    }
    default:
      return [];
  }
}

/** The text, and the alternative text of each picture in it. @param {import('marked').Token[]} tokens @param {number} line @returns {Text[]} */
function withAlternatives(tokens, line) {
  const texts = [proseOf(tokens), ...alternatives(tokens)].map((text) => text.replace(/[ \t\n]+/g, ' ').trim());
  return texts.filter((text) => text !== '').map((text) => ({ line, text }));
}

/** @param {import('marked').Token[]} tokens @returns {string} */
function proseOf(tokens) {
  return tokens
    .map((token) => {
      if (token.type === 'codespan') return `\`${decoded(token.text).replace(/ /g, '\u00a0')}\``;
      if (token.type === 'br') return ' ';
      if (token.type === 'image' || token.type === 'html') return '';
      if ('tokens' in token && token.tokens !== undefined) return proseOf(token.tokens);
      return 'text' in token ? decoded(token.text) : '';
    })
    .join('');
}

/** @param {import('marked').Token[]} tokens @returns {string[]} */
function alternatives(tokens) {
  return tokens.flatMap((token) => {
    if (token.type === 'image') return [token.text];
    return 'tokens' in token && token.tokens !== undefined ? alternatives(token.tokens) : [];
  });
}

/** @param {string} text */
const decoded = (text) => text.replace(/&(lt|gt|amp|quot|nbsp|#39);/g, ' ');
