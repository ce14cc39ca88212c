import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../../../', import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Markdown that users read, docs/api aside, which is written from docstrings. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'bench', 'examples', 'packages/rin', 'packages/torch'].flatMap((folder) =>
    readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? `${folder}/${name}` : [])),
  ),
].filter((path) => existsSync(join(root, path)));

const program = /^(?:npm|npx|node|rin|python3?|time|git|docker|cd|mkdir|curl|\.ci\/run)(?= |$)/;
const fence = /^```(.*)\n((?:(?!^```).*\n)*?)^```/gm;

/**
 * The commands of a page: every line of a block of shell, and of text in code that begins with a program's name and has
 * an argument. What follows a `#` is a comment.
 */
export function commandsOf(page: string): string[] {
  const text = read(page);
  const blocks = [...text.matchAll(fence)].flatMap(([, language, code]) => {
    const lines = code.split('\n').map(bare);
    if (language === 'sh') return lines.filter((line) => line !== '');
    return language === '' ? lines.filter((line) => program.test(line)) : [];
  });
  const spans = [...text.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => bare(code));
  return [...new Set([...blocks, ...spans.filter((code) => program.test(code) && /\s\S/.test(code))])];
}

const bare = (line: string): string =>
  line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .replace(/\s+/g, ' ');
