// @ts-check
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { libraryFile } from './libtorch.mjs';
import { withLock } from './lock.mjs';
import { run } from './run.mjs';
import { compilerCommand, compilerVersion } from './system.mjs';

/**
 * What the addon was built from. It is kept next to the addon as build.json, and `rin doctor` reads it.
 *
 * @typedef {object} Build
 * @property {string} libtorch    folder of the libtorch that the addon is linked to
 * @property {string} version     version of libtorch
 * @property {import('./libtorch.mjs').Source} source
 * @property {boolean} cuda       whether it is linked with CUDA
 * @property {string} compiler    the first line of its `--version`
 * @property {string} key         changes with everything that goes into the addon
 * @property {number} size        size of the addon in bytes
 *
 * @typedef {import('./libtorch.mjs').Libtorch} Libtorch
 * @typedef {import('./log.mjs').Log} Log
 */

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));
const BUILD = fileURLToPath(new URL('../build', import.meta.url));

/**
 * Random numbers must have the same bits everywhere, so multiply-adds are not fused. OpenMP is for at::parallel_for, with the
 * libgomp that libtorch loads. libtorch is built with NDEBUG; without it some classes of its headers have other members.
 * Apple's clang refuses `-fopenmp` but can compile OpenMP; `omp.h` is among libtorch's headers on macOS.
 *
 * @param {string} [platform]  as `process.platform`
 */
export const compileFlags = (platform = process.platform) => [
  ...['-std=c++20', '-O2', '-fPIC', '-DNDEBUG', '-ffp-contract=off', '-fno-math-errno'],
  ...(platform === 'darwin' ? ['-Xclang', '-fopenmp'] : ['-fopenmp']),
];

/**
 * Compiles and links native/*.cc into build/rin_torch.node, unless an up-to-date one exists.
 *
 * @param {Libtorch} libtorch
 * @param {object} options
 * @param {boolean} options.cuda     link with libtorch's CUDA
 * @param {Log} options.log
 * @param {string} [options.native]  folder of the sources
 * @param {string} [options.build]   folder of the result
 * @returns {Promise<Build>}
 * @throws SetupError if there is no compiler, or compiling fails
 */
export async function buildAddon(libtorch, { cuda, log, native = NATIVE, build = BUILD }) {
  const compiler = (await compilerVersion()) ?? '';
  const link = linkArguments(libtorch, cuda);
  const always = compileFlags();
  const flags = cuda ? [...always, '-DRIN_CUDA'] : always; // NCCL joins processes there
  const key = keyOf(libtorch, native, [compiler, ...flags, ...link]);
  const before = readBuild(build);
  if (before?.key === key) {
    log.fact(`Native addon, for libtorch ${libtorch.version}`);
    return before;
  }
  const onWait = () => log.warn('Another process is building the addon; waiting for it');
  return withLock(join(build, 'lock'), { onWait }, async () => {
    const others = readBuild(build);
    if (others?.key === key) return others;
    const addon = join(build, 'rin_torch.node');
    const make = (/** @type {string[]} */ flags) =>
      log.task('Building the native addon', () =>
        writeBeside(addon, (path) => compile(libtorch, { native, flags, link }, path)),
      );
    try {
      await make(flags);
    } catch (error) {
      if (!cuda || !(error instanceof SetupError)) throw error;
      // Only NCCL includes headers of CUDA, which come in many versions. All else works without it.
      await make(always);
      log.warn(`Several processes cannot use GPUs together, because NCCL could not be built: ${error.message}`);
    }
    const { folder, version, source } = libtorch;
    const record = { libtorch: folder, version, source, cuda, compiler, key, size: statSync(addon).size };
    await writeBeside(join(build, 'build.json'), async (path) =>
      writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`),
    );
    return record;
  });
}

/**
 * A hash of everything that goes into the addon.
 *
 * @param {Libtorch} libtorch @param {string} native @param {string[]} settings
 */
function keyOf(libtorch, native, settings) {
  const entries = existsSync(native) ? readdirSync(native, { recursive: true, withFileTypes: true }) : [];
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(native, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  if (!names.some(isSource)) throw new SetupError(`${native} has no sources of the addon; install @rin/torch again`);
  const files = names.flatMap((name) => [name, readFileSync(join(native, name), 'utf8')]);
  const core = statSync(join(libtorch.folder, 'lib', libraryFile('torch_cpu')));
  return hash([libtorch.source, libtorch.version, String(core.size), ...settings, ...files]);
}

/** @param {string} name */
const isSource = (name) => name.endsWith('.cc');

/**
 * Compiles all sources as one file. Most of the time goes into libtorch's headers, which are then read once. For seven files
 * it takes 18 s of one core instead of 97 s.
 *
 * @param {Libtorch} libtorch @param {{ native: string, flags: string[], link: string[] }} what @param {string} path of the result
 */
async function compile(libtorch, { native, flags, link }, path) {
  const [program, ...args] = compilerCommand();
  const include = join(libtorch.folder, 'include');
  // -isystem: warn about our own sources only. The folder of the sources is last: its stand-ins for headers of Gloo give way.
  const folders = [include, join(include, 'torch/csrc/api/include'), nodeHeaders(), ...libtorch.headers, native];
  const includes = folders.flatMap((folder) => ['-isystem', folder]);
  const sources = readdirSync(native).filter(isSource).sort();
  const whole = `${path}.cc`;
  writeFileSync(whole, sources.map((name) => `#include "${join(native, name)}"\n`).join(''));
  try {
    const { code, output } = await run(program, [
      ...args,
      ...flags,
      ...includes,
      '-shared',
      whole,
      '-o',
      path,
      ...link,
    ]);
    if (code !== 0) throw new SetupError(compileError(output, libtorch));
  } finally {
    rmSync(whole, { force: true });
  }
}

/**
 * nodelete: libtorch keeps using the allocator of native/memory.cc after the worker that loaded the addon has ended. On macOS
 * the addon asks for it itself (native/addon.cc).
 *
 * On macOS the functions of Node are found when the addon is loaded. So are those of OpenMP, in the libomp.dylib that libtorch
 * loads: the name inside of that file is a path that exists nowhere, so it cannot be linked.
 *
 * @param {Pick<Libtorch, 'folder' | 'libraries'>} libtorch @param {boolean} cuda @param {string} [platform]  as `process.platform`
 */
export function linkArguments({ folder, libraries }, cuda, platform = process.platform) {
  const rpaths = libraries.flatMap((path) => ['-Xlinker', '-rpath', '-Xlinker', path]); // -Wl would split it at commas
  if (platform === 'darwin') {
    return [`-L${join(folder, 'lib')}`, '-Wl,-undefined,dynamic_lookup', '-ltorch_cpu', '-lc10', ...rpaths];
  }
  // The addon uses no symbol of the CUDA libraries, but they must stay linked: they register themselves when they are loaded.
  const gpu = cuda ? ['-Wl,--no-as-needed', '-ltorch_cuda', '-lc10_cuda', '-Wl,--as-needed'] : [];
  return [`-L${join(folder, 'lib')}`, '-Wl,-z,nodelete', '-ltorch_cpu', '-lc10', ...gpu, ...rpaths];
}

function nodeHeaders() {
  const manifest = createRequire(import.meta.url).resolve('node-api-headers/package.json');
  return join(dirname(manifest), 'include');
}

/** @param {string} output @param {Libtorch} libtorch */
function compileError(output, libtorch) {
  if (/Killed|terminated program cc1plus/.test(output))
    return 'The compiler ran out of memory; free about 1.5 GB and run set-up again';
  return `The addon does not build against libtorch ${libtorch.version} in ${libtorch.folder}:\n${firstErrors(output)}`;
}

/** @param {string} output */
function firstErrors(output) {
  const errors = output.split('\n').filter((line) => /error|undefined reference|cannot find/.test(line));
  return (errors.length > 0 ? errors : output.split('\n')).slice(0, 5).join('\n');
}

/** @param {string} build @returns {Build | undefined} the record of an addon; undefined if either is missing or damaged */
function readBuild(build) {
  try {
    const record = JSON.parse(readFileSync(join(build, 'build.json'), 'utf8'));
    return statSync(join(build, 'rin_torch.node')).size === record.size ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Writes under a temporary name, flushes and renames, so that even a power cut leaves no half file. @param {string} path @param {(beside: string) => Promise<void>} write */
async function writeBeside(path, write) {
  const beside = `${path}.partial`;
  try {
    await write(beside);
    const file = openSync(beside, 'r');
    fsyncSync(file);
    closeSync(file);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** @param {string[]} parts */
const hash = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
