// @ts-check
// `npm run python`: installs a Python with PyTorch for comparisons and benchmarks, and prints its path. It has onnx too.
//   --peer        also installs lucidrains' rin-pytorch, for the benchmarks
//   --diffusers   also installs Hugging Face's diffusers, for the benchmarks
import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSpace, userCache } from '../packages/torch/setup/cache.mjs';
import { SetupError, tellWhatStops } from '../packages/torch/setup/errors.mjs';
import { withLock } from '../packages/torch/setup/lock.mjs';
import { createLog } from '../packages/torch/setup/log.mjs';
import { makeFolder } from '../packages/torch/setup/makeFolder.mjs';
import { bytesUnder, PIP_ENV, TORCH_VERSION } from '../packages/torch/setup/pip.mjs';
import { run } from '../packages/torch/setup/run.mjs';
import { ensureSystem, lastLines, venvPython } from '../packages/torch/setup/system.mjs';

/** @typedef {{ peer?: boolean, diffusers?: boolean }} Wanted   what it must have beside PyTorch: rin-pytorch, diffusers */

/** onnx checks exported graphs, and TensorBoard reads the event files of runs, in tests. */
const BASE = [`torch==${TORCH_VERSION}`, 'numpy==2.4.6', 'onnx==1.23.2', 'tensorboard==2.21.0'];
/** What the benchmarks may need beside PyTorch: the package that is asked for, and all that is installed for it. */
const EXTRAS = {
  peer: { name: 'RIN-pytorch', title: 'rin-pytorch', packages: ['RIN-pytorch==0.8.0', 'torchvision==0.29.2'] },
  diffusers: { name: 'diffusers', title: 'diffusers', packages: ['diffusers==0.42.1'] },
};
/** Peak disk space of the installation in GB: wheels and the files unpacked from them; 5.4 GB remain. */
const SPACE = 9;

const environment = () => join(userCache(), `python-torch-${TORCH_VERSION}`);
const inEnvironment = () => join(environment(), 'bin', 'python');
/** Is written last: an environment without it is incomplete. */
const stamp = () => join(environment(), 'made');

/**
 * Finds a Python that has PyTorch: `$RIN_PYTHON`, otherwise the environment of `npm run python`, otherwise `python3`. The last two
 * must have the pinned version.
 *
 * @param {Wanted} [wanted]
 * @returns {Promise<string | undefined>} the executable, or undefined if there is none
 * @throws SetupError if `$RIN_PYTHON` is set but lacks a package, because it is never ignored
 */
export async function findPython(wanted = {}) {
  const names = extrasOf(wanted).map(({ name }) => name);
  const named = process.env.RIN_PYTHON?.replace(/.*\/.*/, (path) => resolve(path)); // without a slash it is a command on the PATH
  if (named) {
    for (const name of ['torch', ...names]) {
      if ((await versionOf(named, name)) === undefined)
        throw new SetupError(
          `$RIN_PYTHON, ${named}, is not a Python with ${name}; install it there, or unset RIN_PYTHON`,
        );
    }
    return named;
  }
  for (const python of existsSync(stamp()) ? [inEnvironment(), 'python3'] : ['python3']) {
    if ((await versionOf(python, 'torch')) !== TORCH_VERSION) continue;
    const versions = await Promise.all(names.map((name) => versionOf(python, name)));
    if (!versions.includes(undefined)) return python;
  }
  return undefined;
}

/**
 * The Python that `findPython` finds. If there is none, it is installed in the user's cache (5.4 GB, about 75 s).
 *
 * @param {Wanted & { log: import('../packages/torch/setup/log.mjs').Log }} options
 * @returns {Promise<string>} the executable
 * @throws SetupError if it cannot be installed
 */
export async function ensurePython({ log, ...wanted }) {
  const found = await findPython(wanted);
  if (found !== undefined) return found;
  await ensureSystem(['venv'], log);
  const onWait = () => log.warn('Another process is installing PyTorch; waiting for it');
  return withLock(`${environment()}.lock`, { onWait }, async (lock) => {
    const made = await findPython(wanted);
    if (made !== undefined) return made;
    if (!existsSync(stamp())) await create(log, lock);
    for (const { name, title, packages } of extrasOf(wanted)) {
      if ((await versionOf(inEnvironment(), name)) === undefined)
        await log.task(`Installing ${title}`, () => install([...BASE, ...packages], lock));
    }
    return inEnvironment();
  });
}

/** @param {Wanted} wanted */
const extrasOf = ({ peer = false, diffusers = false }) => [
  ...(peer ? [EXTRAS.peer] : []),
  ...(diffusers ? [EXTRAS.diffusers] : []),
];

/** @param {import('../packages/torch/setup/log.mjs').Log} log @param {number} lock */
async function create(log, lock) {
  const folder = environment();
  rmSync(folder, { recursive: true, force: true });
  checkSpace('PyTorch for Python', SPACE, dirname(folder));
  await log.task(`Installing PyTorch ${TORCH_VERSION} for Python`, async (progress) => {
    const { code, output } = await run((await venvPython()) ?? 'python3', ['-m', 'venv', folder], { lock });
    if (code !== 0) throw new SetupError(`Python could not make the environment ${folder}:\n${lastLines(output)}`);
    const timer = setInterval(() => progress(`${Math.round(bytesUnder(folder) / 1e6)} MB`), 1000);
    await install(BASE, lock).finally(() => clearInterval(timer));
    writeFileSync(stamp(), `${BASE.join('\n')}\n`);
  });
}

/** @param {string[]} packages @param {number} lock */
async function install(packages, lock) {
  // pip's temporary files would go to /tmp, which may be small or in memory.
  const temporary = join(environment(), 'temporary');
  makeFolder(temporary);
  const env = { ...PIP_ENV, TMPDIR: temporary };
  const args = ['-m', 'pip', 'install', '--quiet', '--no-cache-dir', ...packages];
  const { code, output } = await run(inEnvironment(), args, { env, lock });
  rmSync(temporary, { recursive: true, force: true });
  if (code !== 0) throw new SetupError(`pip could not install ${packages.join(', ')}:\n${lastLines(output)}`);
}

/**
 * The version of a package, without its part after "+". It is found without an import, which takes seconds.
 *
 * @param {string} python
 * @param {string} name
 */
async function versionOf(python, name) {
  const ask = 'import sys; from importlib.metadata import version; print(version(sys.argv[1]))';
  // Python would find a folder "torch" in the working directory, so it starts in /.
  const { code, output } = await run(python, ['-c', ask, name], { cwd: '/' });
  return code === 0 ? output.trim().replace(/\+.*/, '') : undefined;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const given = process.argv.slice(2);
  const unknown = given.find((arg) => arg !== '--peer' && arg !== '--diffusers');
  if (unknown !== undefined) {
    console.error(`unknown argument ${unknown}; expected --peer, --diffusers or none`);
    process.exit(2);
  }
  const wanted = { peer: given.includes('--peer'), diffusers: given.includes('--diffusers') };
  const work = async () => console.log(await ensurePython({ ...wanted, log: createLog() }));
  if (!(await tellWhatStops(work))) process.exitCode = 1;
}
