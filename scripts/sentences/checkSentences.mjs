// @ts-check
import { textsOfHelp } from './helpText.mjs';
import { textsOfMarkdown } from './markdown.mjs';
import { sentencesOf, wordCount } from './sentences.mjs';

/**
 * Finds the sentences that are too long to be read at once.
 *
 * @param {readonly { path: string, text: string }[]} pages   Markdown, or help texts, whose path ends with .txt
 * @param {number} mostWords   a sentence with more of them is named
 * @returns {string[]} a line for each: where it is, how long it is, and the sentence
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
