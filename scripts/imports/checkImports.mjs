// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The folders of packages/rin/src, as data flows. A file imports from its own folder and from those to its left. */
const ORDER = ['core', 'data', 'model', 'diffusion', 'training', 'metrics', 'export', 'cli'];

/** The packages that core may use: they run in a browser as they are. */
const CORE_PACKAGES = ['fastest-levenshtein', 'yaml', 'zod'];

/** import … from 'x', export … from 'x', import 'x', import('x'), and types: import('x').Name */
const IMPORT =
  /(?:^|[\s;}])(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/**
 * Checks that imports keep the direction of docs/architecture.md.
 *
 * @param {string} packages   the folder packages/
 * @returns {string[]} one sentence for each import that does not
 */
export function checkImports(packages) {
  const rin = join(packages, 'rin', 'src');
  return [
    ...importsUnder(rin).flatMap(({ file, specifier }) => {
      const problem = problemInRin(relative(rin, file), specifier);
      return problem ? [`packages/rin/src/${relative(rin, file)}: ${problem}`] : [];
    }),
    ...importsUnder(join(packages, 'torch', 'src')).flatMap(({ file, specifier }) => {
      const problem = problemInTorch(packages, file, specifier);
      return problem ? [`packages/${relative(packages, file)}: ${problem}`] : [];
    }),
  ];
}

/** @param {string} file  relative to src @param {string} specifier */
function problemInRin(file, specifier) {
  const folder = file.includes(sep) ? file.split(sep)[0] : undefined;
  // Files beside the folders (index.ts) gather from all of them.
  if (folder === undefined) return undefined;
  if (!ORDER.includes(folder)) return `"${folder}" has no place in the order ${ORDER.join(', ')}`;
  if (specifier.startsWith('.')) {
    const target = join(dirname(file), specifier).split(sep)[0];
    if (!ORDER.includes(target)) return `imports ${specifier}, which lies in none of ${ORDER.join(', ')}`;
    if (ORDER.indexOf(target) > ORDER.indexOf(folder))
      return `imports ${specifier}, but ${target} is to the right of ${folder}`;
    return undefined;
  }
  if (specifier === 'rin') return 'imports its own package by name; name the file';
  if (folder === 'core' && !CORE_PACKAGES.some((name) => specifier === name || specifier.startsWith(`${name}/`))) {
    return `imports ${specifier}, but core runs in a browser: it imports ${CORE_PACKAGES.join(', ')} and its own files only`;
  }
  return undefined;
}

/** @param {string} packages @param {string} file @param {string} specifier */
function problemInTorch(packages, file, specifier) {
  const outside =
    specifier.startsWith('.') && relative(join(packages, 'torch'), join(dirname(file), specifier)).startsWith('..');
  if (outside || specifier === 'rin' || specifier.startsWith('rin/'))
    return `imports ${specifier}, but @rin/torch knows nothing of rin`;
  return undefined;
}

/** @param {string} folder @returns {{ file: string, specifier: string }[]} */
function importsUnder(folder) {
  if (!existsSync(folder)) return [];
  const names = /** @type {string[]} */ (readdirSync(folder, { recursive: true }));
  const files = names.filter((name) => /\.[cm]?ts$/.test(name)).sort();
  return files.flatMap((name) => {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8').replace(COMMENT, '');
    return [...text.matchAll(IMPORT)].map((match) => ({ file, specifier: match[1] ?? match[2] }));
  });
}
