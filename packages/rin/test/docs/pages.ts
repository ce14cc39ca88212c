import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../../../', import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? `${folder}/${name}` : []));

/** Markdown that users read, docs/api aside, which is written from docstrings. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'bench', 'examples', 'packages/rin', 'packages/core', 'packages/web', 'packages/torch'].flatMap(
    markdownIn,
  ),
].filter((path) => existsSync(join(root, path)));

/** The reference: declarations, and a program at the top of each page. */
export const references: readonly string[] = markdownIn('docs/api');

/** Languages of blocks that are programs, and of those that are not. */
const programLanguages = ['js', 'mjs', 'ts', 'py'];
const otherLanguages = ['', 'sh', 'text', 'mermaid'];

const command = /^(?:npm|npx|node|rin|python3?|time|git|docker|cd|mkdir|curl|\.ci\/run)(?= |$)/;
const fence = /^ *```(.*)\n((?:(?!^ *```).*\n)*?)^ *```/gm;

/**
 * The commands of a page: every line of a block of shell, and of text in code that begins with a program's name and has
 * an argument. What follows a `#` is a comment.
 */
export function commandsOf(page: string): string[] {
  const text = read(page);
  const blocks = [...text.matchAll(fence)].flatMap(([, language, code]) => {
    const lines = code.split('\n').map(bare);
    if (language === 'sh') return lines.filter((line) => line !== '');
    return language === '' ? lines.filter((line) => command.test(line)) : [];
  });
  const spans = [...text.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => bare(code));
  return [...new Set([...blocks, ...spans.filter((code) => command.test(code) && /\s\S/.test(code))])];
}

const bare = (line: string): string =>
  line
    .replace(/(^|\s)#.*/, '')
    .trim()
    .replace(/\s+/g, ' ');

/** A program on a page. */
export interface ProgramText {
  /** the page, and the heading above it */
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

/**
 * The programs of a page: its blocks of JavaScript, TypeScript and Python.
 * @throws Error for a block of a language that is not known to be a program or not
 */
export function programsOf(page: string): ProgramText[] {
  const text = read(page);
  return [...text.matchAll(fence)].flatMap(({ index, 1: language, 2: code }) => {
    if (otherLanguages.includes(language)) return [];
    if (!programLanguages.includes(language)) throw new Error(`${page}: a block of the unknown language "${language}"`);
    return [{ name: `${page}, ${headingAbove(text, index)}`, language, code }];
  });
}

/** The program at the top of a page of the reference, where it is indented. */
export function programOfReference(page: string): ProgramText {
  const [, heading, program] = /^# (.*)\n[\s\S]*?((?:^ {4}.*\n)+)/m.exec(read(page)) ?? [];
  if (program === undefined) throw new Error(`${page} has no program at its top`);
  return { name: `${page}, ${heading}`, language: 'ts', code: program.replace(/^ {4}/gm, '') };
}

const headingAbove = (text: string, index: number): string => {
  const outside = text.slice(0, index).replace(fence, '');
  return [...outside.matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '';
};
