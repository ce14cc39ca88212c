// @ts-check

/** Abbreviations, whose dot does not end a sentence. */
const ABBREVIATION = /(?:^|[ (“"])(?:e\.g|i\.e|vs|cf|al|approx|eq|fig|sec|ch|p|pp|no|St|Dr|\p{Lu})\.$/u;
const END = /[.!?][)”"’\]]* /gu;

/**
 * The sentences of a text. Colons and semicolons do not end a sentence.
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
 * Number of words in a sentence. A word stands between spaces and has a letter or a digit. A code span is one word.
 *
 * @param {string} sentence
 */
export const wordCount = (sentence) => sentence.split(/[ \t\n]+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
