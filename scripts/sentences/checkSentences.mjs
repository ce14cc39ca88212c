// @ts-check
import { textsOfHelp } from './helpText.mjs';
import { textsOfMarkdown } from './markdown.mjs';
import { sentencesOf, wordCount } from './sentences.mjs';

/**
 * Finds sentences that are too long.
 *
 * @param {readonly { path: string, text: string }[]} pages   Markdown, or help texts, whose path ends with .txt
 * @param {number} mostWords   most words of a sentence
 * @returns {string[]} a line for each: its place, its length, and the sentence
 */
export function checkSentences(pages, mostWords) {
  return pages.flatMap(({ path, text: page }) => {
    const texts = path.endsWith('.txt') ? textsOfHelp(page) : textsOfMarkdown(page);
    return texts.flatMap(({ line, text }) =>
      sentencesOf(text).flatMap((sentence) => {
        const words = wordCount(sentence);
        return words > mostWords ? [`${path}:${line}: a sentence of ${words} words: ${sentence}`] : [];
      }),
    );
  });
}
