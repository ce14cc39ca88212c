// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../packages/torch/setup/errors.mjs';
import { run } from '../../packages/torch/setup/run.mjs';
import { bundlePage } from '../web/bundle.mjs';

const PACKAGES = ['packages/torch', 'packages/core', 'packages/web', 'packages/rin'];
const CONFIGS = [
  'tsconfig.json',
  'tsconfig.base.json',
  'package-lock.json',
  ...PACKAGES.map((path) => `${path}/tsconfig.json`),
];

/**
 * Builds the TypeScript of all packages and the page of @rin/web, if a source or an output changed since the last build.
 *
 * @param {string} root @param {import('../../packages/torch/setup/log.mjs').Log} log
 */
export async function buildTypeScript(root, log) {
  const stamp = join(root, 'build', 'typescript.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(root)) return log.fact('TypeScript');
  await log.task('Building TypeScript', async () => {
    const whole = matchOutputs(root);
    // Not bin/tsc: Node 20.9 cannot load a module without an extension.
    const args = [join(root, 'node_modules/typescript/lib/tsc.js'), '-b', ...(whole ? [] : ['--force'])];
    const { code, output } = await run(process.execPath, args, { cwd: root });
    if (code !== 0) {
      const errors = output.split('\n').slice(0, 10).join('\n');
      throw new SetupError(`The TypeScript sources do not build (npm run build shows all):\n${errors}`);
    }
    await bundlePage(root);
    writeFileSync(stamp, fingerprint(root));
  });
}

/**
 * Deletes compiled files whose source no longer exists, which `tsc -b` does not do. Otherwise an old test would still run.
 *
 * @param {string} root
 * @returns {boolean} false if a source has no compiled file
 */
function matchOutputs(root) {
  const name = (/** @type {string} */ path) =>
    path.replace(/\/dist\/(src|test)\//, '/$1/').replace(/\.(d\.ts|js|ts)(\.map)?$/, '');
  const sources = new Set(sourceFiles(root).map(name));
  const outputs = outputFiles(root).filter((path) => /\/dist\/(src|test)\//.test(path));
  for (const path of outputs) if (!sources.has(name(path))) rmSync(join(root, path));
  const compiled = new Set(outputs.map(name));
  return [...sources].every((path) => compiled.has(path));
}

/** @param {string} root */
const sourceFiles = (root) =>
  PACKAGES.flatMap((path) => [...listFiles(root, `${path}/src`), ...listFiles(root, `${path}/test`)]).filter((path) =>
    path.endsWith('.ts'),
  );

/** @param {string} root */
const outputFiles = (root) => PACKAGES.flatMap((path) => listFiles(root, `${path}/dist`));

/** @param {string} root @param {string} folder @returns {string[]} paths relative to root */
function listFiles(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const names = /** @type {string[]} */ (readdirSync(join(root, folder), { recursive: true }));
  return names.map((name) => join(folder, name)).filter((path) => statSync(join(root, path)).isFile());
}

/** A hash of names, sizes and times of sources and outputs. Reading the files would take longer. @param {string} root */
function fingerprint(root) {
  const hash = createHash('sha256');
  const page = listFiles(root, 'packages/web/page');
  for (const file of [...CONFIGS, ...page, ...sourceFiles(root), ...outputFiles(root)].sort()) {
    const { mtimeMs, size } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}
