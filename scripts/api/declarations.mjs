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
 * @property {string} doc    the comment above it, as it stands there; '' for none
 * @property {string} text   without `export` and `declare`; comments on members are in it
 *
 * @typedef {object} Module
 * @property {string} path               relative to the folder of the sources, without ending: training/trainer
 * @property {Declaration[]} exported    what the package exports of it, in the order of the source
 */

const BIOME = fileURLToPath(new URL('../../node_modules/@biomejs/biome/bin/biome', import.meta.url));
const FILE = '//// ';

/**
 * Reads what a package exports from its emitted declarations (`*.d.ts`), whose form is known: only statements, and the
 * comments above them, begin at the start of a line.
 *
 * @param {string} folder   of the emitted declarations
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

/** What an index exports, by the file it comes from; each name as a value or only as a type. @param {string} index */
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

/** A class of which callers cannot make an instance. @param {Declaration} declaration @returns {Declaration} */
const asType = ({ text, ...rest }) => ({ ...rest, text: text.replace(/^(?=class )/, '// exported as a type only\n') });

/** An object type in a signature, which the compiler emits over several lines; the formatter would keep it so. */
const OBJECT = /(?<=: |<)\{\n((?: +[^\s{}][^{}\n]*;\n)+) *\}/g;

/** Emitted lines are as long as they come. @param {string} folder @param {string[]} paths @returns {Map<string, string>} */
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

/** @param {string} text of a file @returns {Declaration[]} those that it exports */
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

/** Without what is no concern of a caller, and without the inside of a schema, which the help of `rin train` lists. @param {string} code */
const bare = (code) =>
  code
    .replace(/^(const \w+: z\.\w+)<.*/s, '$1<…>;')
    .replace(/^ +#private;\n/m, '')
    .replace(/^( +)\/\*\*(?:(?!\*\/).)*@internal \*\/\n\1[^\n]*;\n/gms, '');
