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
 * Finds the libtorch to use: `$LIBTORCH`, otherwise the `torch` of `python3`, otherwise the one in the cache.
 *
 * @param {'cpu' | 'cuda'} kind   kind of the cached libtorch
 * @param {Log} log
 * @returns {Promise<Libtorch | undefined>} undefined if there is none: the pinned one must be installed
 * @throws SetupError if `$LIBTORCH` is set but cannot be used, because it is never ignored
 */
export async function findLibtorch(kind, log) {
  if (process.env.LIBTORCH) {
    try {
      // The addon stores this path, so it must be absolute.
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
      log.note(`The torch of python3 is not used: ${error.message}`);
    }
  }
  const cached = cacheFolder(kind);
  return existsSync(cached) ? describeLibtorch(cached, 'cache') : undefined;
}

/** The folder of `python3`'s torch. It is found without an import, which takes seconds. */
async function pythonTorch() {
  const find =
    'import importlib.util as u; s = u.find_spec("torch"); print("torch=" + (s.submodule_search_locations[0] if s else ""))';
  // Python would find a folder "torch" in the working directory. The flag -P needs Python 3.11, so it starts in / instead.
  const { code, output } = await run('python3', ['-c', find], { cwd: '/' });
  return code === 0 ? /^torch=(.+)$/m.exec(output)?.[1] : undefined; // Python may warn beside it
}
