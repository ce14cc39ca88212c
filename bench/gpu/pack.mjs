// @ts-check
// What a machine without network needs of this clone: node bench/gpu/pack.mjs FOLDER (bench/gpu.sh --pack)
// FOLDER/carry.tar.xz holds Node.js, the packages without those for development, and all dist folders.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Is only for `rin export` and the tests of it, and is larger than all else together. */
const LEFT_OUT = ['node_modules/onnxruntime-web'];
const LIMIT_MIB = 60;

/**
 * Folders of the packages to carry, by npm's record of what is installed.
 * @param {Record<string, { dev?: boolean, link?: boolean }>} installed  the `packages` of node_modules/.package-lock.json
 */
export function carried(installed) {
  return Object.entries(installed)
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev && !LEFT_OUT.includes(path))
    .map(([path]) => path);
}

/**
 * Why a Node.js program cannot run alone on another machine; undefined if it can.
 * @param {string} libraries  what `ldd` prints
 */
export const needsMore = (libraries) => /libnode\.so\S*|\S+ => not found/.exec(libraries)?.[0];

/**
 * Writes FOLDER/carry.tar.xz, unless it becomes too large.
 * @param {string} folder @param {{ root?: string, node?: string, limit?: number }} [options]  limit in MiB
 * @returns {number} its size in MiB
 */
export function pack(folder, { root = ROOT, node = process.execPath, limit = LIMIT_MIB } = {}) {
  const record = join(root, 'node_modules', '.package-lock.json');
  const packages = ['torch', 'core', 'web', 'rin'].map((name) => `packages/${name}/dist`);
  if (!existsSync(record) || !packages.every((path) => existsSync(join(root, path))))
    throw new Error('this clone is not built; run "npm run setup" first');
  const more = needsMore(execFileSync('ldd', [node], { encoding: 'utf8' }));
  if (more !== undefined) throw new Error(`${node} needs ${more}; use the Node.js of nodejs.org, which needs nothing`);
  const paths = [...carried(JSON.parse(readFileSync(record, 'utf8')).packages), ...packages];
  mkdirSync(folder, { recursive: true });
  const [archive, list] = [join(folder, 'carry.tar.xz'), join(folder, 'files')];
  writeFileSync(list, `${paths.filter((path) => existsSync(join(root, path))).join('\n')}\n`);
  // Folders of packages may hold those of others, which stand in the list themselves.
  const exclude = ['*.map', '*.d.ts', '*.tsbuildinfo', ...LEFT_OUT].map((pattern) => `--exclude=${pattern}`);
  const from = ['--files-from', list, '-C', dirname(node), basename(node)];
  try {
    const env = { ...process.env, XZ_OPT: '-2' };
    execFileSync('tar', ['-cJf', archive, ...exclude, '-C', root, ...from], { env });
  } finally {
    rmSync(list);
  }
  const size = statSync(archive).size / 2 ** 20;
  if (size > limit) {
    rmSync(archive);
    throw new Error(`${archive} would have ${size.toFixed(1)} MiB; at most ${limit} MiB can be carried`);
  }
  return size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const folder = process.argv[2] ?? 'gpu-carry';
    const size = pack(folder);
    console.log(`${join(folder, 'carry.tar.xz')}: ${size.toFixed(1)} MiB, with Node ${process.versions.node}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
