// @ts-check
// Checks that no sentence of the pages and help texts has more than 30 words; `--words 25` sets another limit. docs/api is
// skipped, because it comes from docstrings.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkSentences } from './sentences/checkSentences.mjs';

const { values } = parseArgs({ options: { words: { type: 'string', default: '30' } } });
const root = fileURLToPath(new URL('..', import.meta.url));
const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', '*.md', 'docs/help/*.txt'];
const paths = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\0');
const pages = paths
  .filter((path) => path !== '' && !path.startsWith('docs/api/') && existsSync(join(root, path)))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const problems = checkSentences(pages, Number(values.words));
for (const problem of problems) console.error(problem);
console.log(`Sentences: ${problems.length === 0 ? 'all' : `${problems.length} not`} within ${values.words} words`);
process.exitCode = problems.length === 0 ? 0 : 1;
