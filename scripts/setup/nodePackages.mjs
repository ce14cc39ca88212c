// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../../packages/torch/setup/errors.mjs';
import { run } from '../../packages/torch/setup/run.mjs';

/**
 * Runs `npm ci` if node_modules does not match package-lock.json.
 *
 * @param {string} root @param {import('../../packages/torch/setup/log.mjs').Log} log
 */
export async function installNodePackages(root, log) {
  if (isInStep(root)) return log.fact('npm packages');
  await log.task('Installing npm packages', async () => {
    const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
    if (code === 127)
      throw new SetupError('npm is not on the PATH; install it with Node (on Debian and Ubuntu: the package npm)');
    if (code !== 0)
      throw new SetupError(`npm ci failed:\n${firstLines(output)}\nCheck the network connection, then try again`);
  });
}

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean, link?: boolean }>} Packages */

/**
 * Whether node_modules matches package-lock.json. npm's last step writes a lock file inside node_modules, which lists the
 * installed packages. It lacks optional packages for other platforms.
 *
 * @param {string} root
 */
function isInStep(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const locked = readPackages(join(root, 'package-lock.json'));
  if (installed === undefined || locked === undefined) return false;
  const wanted = Object.entries(locked).filter(([path]) => path.startsWith('node_modules/'));
  const names = new Set(wanted.map(([path]) => path));
  return (
    Object.keys(installed).every((path) => names.has(path) || !path.startsWith('node_modules/')) &&
    wanted.every(([path, { version, integrity, optional, link }]) => {
      const there = installed[path];
      if (there === undefined) return optional === true;
      return link ? there.link === true : there.version === version && there.integrity === integrity;
    })
  );
}

/** @param {string} path  of a lock file @returns {Packages | undefined} undefined if it is missing or damaged */
function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** npm prints the reason first and its usage last. @param {string} output */
const firstLines = (output) =>
  output
    .split('\n')
    .filter((line) => /\S/.test(line.replace(/^npm error/, '')))
    .slice(0, 6)
    .join('\n');
