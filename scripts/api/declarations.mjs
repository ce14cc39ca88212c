// @ts-check
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A declaration as the compiler emitted it, laid out by the formatter.
 *
 * @typedef {object} Declaration
 * @property {string} name
 * @property {string} doc    the comment above it, unchanged; '' if there is none
 * @property {string} text   without `export` and `declare`; comments on members are in it
 *
 * @typedef {object} Module
 * @property {string} path               relative to the folder of the sources, without ending: training/trainer
 * @property {Declaration[]} exported    its declarations that the package exports, in the order of the source
 */

const BIOME = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url));
const FILE = '//// ';

/**
 * Reads the exports of a package from its emitted declarations (`*.d.ts`). In these only statements and their comments begin
 * at the start of a line.
 *
 * @param {string} folder   folder of the emitted declarations
 * @returns {{ about: string, modules: Module[] }} the comment above the index, and the modules in the order of the index
 */
export function publicDeclarations(folder) {
  const index = readFileSync(posix.join(folder, 'index.d.ts'), 'utf8');
  const exported = exportsOf(index);
  const files = layOut(folder, [...exported.keys()]);
  const modules = [...exported].map(([path, names]) => {
    const all = statements(files.get(path) ?? '');
    if (names === 'all') return { path, exported: all };
    const listed = all.filter(({ name }) => names.has(name));
    return { path, exported: listed.map((each) => (names.get(each.name) === 'type' ? asType(each) : each)) };
  });
  return { about: /^(?:\/\/\/.*\n)*(\/\*\*.*?\*\/)/s.exec(index)?.[1] ?? '', modules };
}

/** The exports of an index by file; each name is a value or only a type. @param {string} index */
function exportsOf(index) {
  /** @type {Map<string, Map<string, 'value' | 'type'> | 'all'>} */
  const found = new Map();
  for (const [, type, names, path] of index.matchAll(/^export (type )?(\*|\{.*?\}) from '\.\/(.*?)\.js';/gms)) {
    /** @type {Map<string, 'value' | 'type'>} */
    const listed = new Map();
    for (const [, own, name] of names.matchAll(/(type )?(\w+)\s*[,}]/g))
      listed.set(name, (type ?? own) ? 'type' : 'value');
    found.set(path, names === '*' ? 'all' : listed);
  }
  return found;
}

/** Marks a class that callers cannot construct. @param {Declaration} declaration @returns {Declaration} */
const asType = ({ text, ...rest }) => ({ ...rest, text: text.replace(/^(?=class )/, '// exported as a type only\n') });

/** An object type in a signature. The compiler emits it over several lines, and the formatter would keep them. */
const OBJECT = /(?<=: |<)\{\n((?: +[^\s{}][^{}\n]*;\n)+) *\}/g;

/** Formats the emitted files, whose lines have any length. @param {string} folder @param {string[]} paths @returns {Map<string, string>} */
function layOut(folder, paths) {
  const input = paths.map((path) => {
    const text = readFileSync(posix.join(folder, `${path}.d.ts`), 'utf8')
      .replace(OBJECT, (_, members) => `{ ${members.trim().replace(/\n +/g, ' ')} }`)
      .replace(/(\?: [^;|]+) \| undefined;/g, '$1;');
    return `${FILE}${path}\n${text}\n`;
  });
  const output = execFileSync(process.execPath, [BIOME, 'format', '--stdin-file-path=api.ts', '--line-width=110'], {
    input: input.join(''),
    encoding: 'utf8',
  });
  const parts = output.split(new RegExp(`^${FILE}(.*)\n`, 'm')).slice(1);
  return new Map(paths.map((path, index) => [path, parts[2 * index + 1]]));
}

/** @param {string} text  of a file @returns {Declaration[]} its exported declarations */
function statements(text) {
  /** @type {Declaration[]} */
  const found = [];
  let doc = '';
  for (const piece of text.split(/^(?=export |declare |import |\/\*\*|\/\/)/m)) {
    const [, code, name] = /^export (?:declare )?((?:abstract )?\w+ (\w+).*)/s.exec(piece.trimEnd()) ?? [];
    if (name !== undefined) found.push({ name, doc, text: bare(code) });
    doc = piece.startsWith('/**') ? piece : '';
  }
  return found;
}

/** Removes private members, and the inside of schemas, which the help of `rin train` lists. @param {string} code */
const bare = (code) => code.replace(/^(const \w+: z\.\w+)<.*/s, '$1<…>;').replace(/^ +#private;\n/m, '');
