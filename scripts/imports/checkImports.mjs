// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The folders of packages/rin/src, in the order of docs/architecture.md. A file may import from its own folder and from folders
 * to the left of it. */
const ORDER = [
  'config',
  'disk',
  'media',
  'data',
  'model',
  'diffusion',
  'runs',
  'training',
  'metrics',
  'inspect',
  'report',
  'export',
  'studio',
  'cli',
];

/** Packages that `config` may import. Like @rin/core it uses no module of Node. */
const CONFIG_PACKAGES = ['@rin/core', 'fastest-levenshtein', 'yaml', 'zod'];

/**
 * Packages that @rin/web may import. Of ONNX Runtime it takes types alone: the engine is loaded when it is needed. uPlot is bundled
 * into the page of `rin studio`, and no other file imports it.
 */
const WEB_PACKAGES = ['@rin/core', 'onnxruntime-web', 'uplot'];

/** import … from 'x', export … from 'x', import 'x', import('x'), and types: import('x').Name */
const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s(?<names>[^'"`;]*?\sfrom\s)?\s*['"](?<static>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/**
 * @typedef {object} Import
 * @property {string} file
 * @property {string} specifier
 * @property {boolean} isValue  whether it imports values at start-up, not only types
 */

/**
 * Checks that imports keep the direction of docs/architecture.md, and that no files import values of each other in a circle.
 *
 * @param {string} packages   the folder packages/
 * @returns {string[]} one sentence for each wrong import or circle
 */
export function checkImports(packages) {
  const rin = join(packages, 'rin', 'src');
  const imports = ['torch', 'core', 'web', 'rin'].flatMap((name) => importsUnder(join(packages, name, 'src')));
  const problems = imports.flatMap(({ file, specifier }) => {
    const path = relative(packages, file);
    const problem =
      path.split(sep)[0] === 'rin'
        ? problemInRin(relative(rin, file), specifier)
        : problemInPackage(packages, file, specifier);
    return problem ? [`packages/${path}: ${problem}`] : [];
  });
  return [...problems, ...circles(imports).map((files) => `a circle: ${files.map(name(packages)).join(' → ')}`)];
}

const name = (/** @type {string} */ packages) => (/** @type {string} */ file) => relative(packages, file);

/** @param {string} file  relative to src @param {string} specifier */
function problemInRin(file, specifier) {
  const room = file.includes(sep) ? file.split(sep)[0] : undefined;
  // Files outside the folders (index.ts) may import from all of them.
  if (room === undefined) return undefined;
  if (!ORDER.includes(room)) return `the folder "${room}" is not one of ${ORDER.join(', ')}`;
  if (specifier.startsWith('.')) {
    const target = join(dirname(file), specifier).split(sep)[0];
    if (!ORDER.includes(target)) return `imports ${specifier}, which is in none of ${ORDER.join(', ')}`;
    if (ORDER.indexOf(target) > ORDER.indexOf(room))
      return `imports ${specifier}, but ${target} is to the right of ${room}`;
    return undefined;
  }
  if (specifier === 'rin') return 'imports its own package by name; import the file instead';
  if (room === 'config' && !CONFIG_PACKAGES.some((one) => specifier === one || specifier.startsWith(`${one}/`)))
    return `imports ${specifier}, but config may import only its own files and ${CONFIG_PACKAGES.join(', ')}`;
  return undefined;
}

/** @rin/torch and @rin/core do not import each other or rin, @rin/web only @rin/core, and @rin/core has no dependency at all. @param {string} packages @param {string} file @param {string} specifier */
function problemInPackage(packages, file, specifier) {
  const folder = relative(packages, file).split(sep)[0];
  if (specifier.startsWith('.')) {
    const isOutside = relative(join(packages, folder), join(dirname(file), specifier)).startsWith('..');
    return isOutside ? `imports ${specifier}, but @rin/${folder} may import only its own files` : undefined;
  }
  if (folder === 'core') return `imports ${specifier}, but @rin/core may import only its own files`;
  if (folder === 'web')
    return WEB_PACKAGES.includes(specifier)
      ? undefined
      : `imports ${specifier}, but @rin/web runs in browsers and may import only its own files, ${WEB_PACKAGES.join(' and ')}`;
  if (/^(@rin\/core|rin)(\/|$)/.test(specifier)) return `imports ${specifier}, but @rin/torch must not depend on rin`;
  return undefined;
}

/**
 * Finds files that import values of each other. Their order of evaluation would depend on which file is imported first.
 *
 * @param {readonly Import[]} imports
 * @returns {string[][]} the files of each circle; the first one is repeated at the end
 */
function circles(imports) {
  /** @type {Map<string, string[]>} */
  const targets = new Map();
  for (const { file, specifier, isValue } of imports) {
    if (!isValue || !specifier.startsWith('.')) continue;
    const target = join(dirname(file), specifier).replace(/\.js$/, '.ts');
    targets.set(file, [...(targets.get(file) ?? []), target]);
  }
  /** @type {string[][]} */
  const found = [];
  const done = new Set();
  /** @param {string} file @param {string[]} path */
  const visit = (file, path) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file]);
    if (start >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

/** @param {string} folder @returns {Import[]} */
function importsUnder(folder) {
  if (!existsSync(folder)) return [];
  const names = /** @type {string[]} */ (readdirSync(folder, { recursive: true }));
  const files = names.filter((name) => /\.[cm]?ts$/.test(name)).sort();
  return files.flatMap((name) => {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8').replace(COMMENT, '');
    return [...text.matchAll(IMPORT)].map(({ groups = {} }) => {
      const { names = '', static: fixed, dynamic } = groups;
      return { file, specifier: fixed ?? dynamic ?? '', isValue: dynamic === undefined && bringsValues(names) };
    });
  });
}

/** Whether the part between `import` and `from` names anything but types. @param {string} names */
function bringsValues(names) {
  const text = names.replace(/\sfrom\s*$/, '').trim();
  if (/^type\s/.test(text)) return false;
  const listed = /^\{([^}]*)\}$/.exec(text)?.[1];
  if (listed === undefined) return true;
  return listed.split(',').some((word) => word.trim() !== '' && !/^\s*type\s/.test(word));
}
