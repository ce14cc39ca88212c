// @ts-check

/** Words that end with a dot inside of a sentence. */
const ABBREVIATION = /(?:^|[ (“"])(?:e\.g|i\.e|vs|cf|al|approx|eq|fig|sec|ch|p|pp|no|St|Dr|\p{Lu})\.$/u;
const END = /[.!?][)”"’\]]* /gu;

/**
 * The sentences of a text. A colon and a semicolon end none.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function sentencesOf(text) {
  /** @type {string[]} */
  const sentences = [];
  let from = 0;
  for (const { index, 0: end } of text.matchAll(END)) {
    const next = index + end.length;
    const sentence = text.slice(from, next).trimEnd();
    if (ABBREVIATION.test(sentence)) continue;
    sentences.push(sentence);
    from = next;
  }
  return [...sentences, text.slice(from).trimEnd()].filter((sentence) => sentence !== '');
}

/**
 * How many words a sentence has: what stands between spaces and has a letter or a figure in it. A code span is one word.
 *
 * @param {string} sentence
 */
export const wordCount = (sentence) => sentence.split(/[ \t\n]+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
