// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkSentences } from '../sentences/checkSentences.mjs';
import { textsOfMarkdown } from '../sentences/markdown.mjs';
import { sentencesOf, wordCount } from '../sentences/sentences.mjs';

/** A sentence of so many words. @param {number} words */
const sentence = (words) => `${'word '.repeat(words - 1)}end.`;

/** What is found in a page. @param {string} text @param {string} [path] */
const check = (text, path = 'page.md') => checkSentences([{ path, text }], 30);

test('a sentence of 31 words is named with its page, line and length; one of 30 is not', () => {
  assert.deepEqual(check(sentence(30)), []);
  assert.deepEqual(check(`# Title\n\nShort.\n${sentence(31)}\n`), [
    `page.md:3: a sentence of 31 words: ${sentence(31)}`,
  ]);
});

test('a sentence goes on over the lines of its paragraph, and over a colon, a semicolon and a dash', () => {
  assert.equal(check(sentence(31).replaceAll(' ', '\n')).length, 1);
  for (const mark of [':', ';', ' –', ','])
    assert.equal(check(`${sentence(16).replace('.', mark)} ${sentence(16)}`).length, 1, mark);
});

test('a full stop, a question mark and an exclamation mark end a sentence, with quotes and brackets behind them too', () => {
  for (const end of ['.', '?', '!', '.)', '.”', '."'])
    assert.deepEqual(check(`${sentence(20).replace('.', end)} ${sentence(20)}`), [], end);
});

test('dots of abbreviations, numbers, versions and file names end none', () => {
  const texts = ['Schedules, e.g. the cosine, i.e. cos vs. sin (eq. 3).', 'Torch 2.15.0 takes 1.4 µs in rin.py here.'];
  for (const text of texts) assert.deepEqual(sentencesOf(text), [text]);
  assert.deepEqual(sentencesOf('It took 0.5. The file is a.ts. npm says so.'), [
    'It took 0.5.',
    'The file is a.ts.',
    'npm says so.',
  ]);
});

test('a code span is one word, and a dot inside it ends nothing', () => {
  const [{ text }] = textsOfMarkdown('Type `npm run rin -- train. Then` and `a <b>` wait.');
  assert.equal(sentencesOf(text).length, 1);
  assert.equal(wordCount(text), 5);
  assert.equal(wordCount('a = b → c × 2 …'), 4);
});

test('headings, items of nested lists and cells of tables are texts of their own', () => {
  const page = [
    `# ${sentence(20)}`,
    `${sentence(20)}`,
    '',
    `- ${sentence(20)}`,
    `- ${sentence(20)}`,
    `  1. ${sentence(20)}`,
    '',
    `| ${sentence(20)} | ${sentence(20)} |`,
    '|---|---|',
    `| ${sentence(20)} | ${sentence(20)} |`,
  ].join('\n');
  assert.deepEqual(check(page), []);
});

test('a long sentence is found wherever prose can stand', () => {
  const long = sentence(31);
  for (const [page, line] of /** @type {const} */ ([
    [`Text.\n\n## ${long}`, 3],
    [`- short\n- ${long}`, 2],
    [`- short\n\n  - deeper\n  - ${long}`, 4],
    [`> ${long}`, 1],
    [`| a | b |\n|---|---|\n| c | ${long} |`, 3],
    [`a **${long}**`, 1],
    [`[${long}](https://example.org)`, 1],
    [`![${long}](picture.png)`, 1],
  ])) {
    const [problem, ...rest] = check(page);
    assert.match(problem, new RegExp(`^page\\.md:${line}: `), page);
    assert.deepEqual(rest, []);
  }
});

test('blocks of code, HTML and addresses are not read', () => {
  const long = sentence(40);
  const page = `\`\`\`sh\n${long}\n\`\`\`\n\n<!-- ${long} -->\n\n    ${long}\n\n[link](https://example.org/${'a/'.repeat(40)})\n`;
  assert.deepEqual(check(page), []);
});

test('in a help text each column and each bracket is a text of its own, and paragraphs are joined', () => {
  const columns = `Options:\n  --flag N  ${sentence(29)} [${sentence(29)}] [default: 3]\n  --other   ${sentence(20)}\n`;
  assert.deepEqual(check(columns, 'help.txt'), []);
  assert.equal(check(`  --flag N  ${sentence(31)}\n`, 'help.txt').length, 1);
  const paragraph = `usage\n\n${sentence(16).replace('.', '')}\n${sentence(16)}\n\nMore:\n`;
  assert.match(check(paragraph, 'help.txt')[0], /^help\.txt:3: a sentence of 32 words/);
});

test('the pages of this repository have no sentence above 30 words, and a lower limit finds some', () => {
  const script = fileURLToPath(new URL('../check-sentences.mjs', import.meta.url));
  const run = (/** @type {string[]} */ ...args) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  const { status, stdout, stderr } = run();
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'Sentences: all within 30 words\n');
  const lower = run('--words', '5');
  assert.equal(lower.status, 1);
  assert.match(lower.stderr, /^README\.md:\d+: a sentence of \d+ words: /m);
});
