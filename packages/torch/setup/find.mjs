// @ts-check
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { SetupError } from './errors.mjs';
import { describeLibtorch } from './libtorch.mjs';
import { run } from './run.mjs';

/**
 * @typedef {import('./libtorch.mjs').Libtorch} Libtorch
 * @typedef {import('./log.mjs').Log} Log
 */

/**
 * The libtorch to use: `$LIBTORCH`, else the `torch` of `python3`, else the one that an earlier set-up put into the cache.
 *
 * @param {'cpu' | 'cuda'} kind   which cached one will do
 * @param {Log} log
 * @returns {Promise<Libtorch | undefined>} undefined: none is there, the pinned one must be installed
 * @throws {SetupError} if `$LIBTORCH` is set and is not to be used: what was asked for by name is never passed over
 */
export async function findLibtorch(kind, log) {
  if (process.env.LIBTORCH) {
    try {
      // The addon will name this folder, and be loaded from any other.
      return describeLibtorch(resolve(process.env.LIBTORCH), 'LIBTORCH');
    } catch (error) {
      if (error instanceof SetupError) throw new SetupError(`$LIBTORCH: ${error.message}; or unset LIBTORCH`);
      throw error;
    }
  }
  const installed = await pythonTorch();
  if (installed !== undefined) {
    try {
      return describeLibtorch(installed, 'python3');
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      log.note(`The torch of python3 is passed over: ${error.message}`);
    }
  }
  const cached = cacheFolder(kind);
  return existsSync(cached) ? describeLibtorch(cached, 'cache') : undefined;
}

/** Where `python3` has its torch; found without importing it, which takes seconds. */
async function pythonTorch() {
  const find =
    'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")';
  // -P would be Python 3.11: without it a folder "torch" in the working directory would be found. Start elsewhere instead.
  const { code, output } = await run('python3', ['-c', find], { cwd: '/' });
  return code === 0 ? output.trim() || undefined : undefined;
}
