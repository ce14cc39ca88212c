// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './errors.mjs';
import { withLock } from './lock.mjs';
import { run } from './run.mjs';
import { compilerCommand, compilerVersion } from './system.mjs';

/**
 * What the addon was built from; kept beside it as build.json, where `rin doctor` reads it.
 *
 * @typedef {object} Build
 * @property {string} libtorch    the folder that the addon is linked to
 * @property {string} version     of libtorch
 * @property {import('./libtorch.mjs').Source} source
 * @property {boolean} cuda       linked with CUDA
 * @property {string} compiler    the first line that it says of itself
 * @property {string} key         changes with everything that goes into the addon
 *
 * @typedef {import('./libtorch.mjs').Libtorch} Libtorch
 * @typedef {import('./log.mjs').Log} Log
 */

const NATIVE = fileURLToPath(new URL('../native', import.meta.url));
const BUILD = fileURLToPath(new URL('../build', import.meta.url));

/**
 * Random numbers must have the same bits everywhere: no fused multiply-adds. OpenMP is for at::parallel_for; its symbols come
 * from the libgomp that libtorch loads, so it is not linked.
 */
const FLAGS = ['-std=c++20', '-O2', '-fPIC', '-ffp-contract=off', '-fno-math-errno', '-fopenmp'];

/** The compiler's appetite for one file that includes libtorch's headers. */
const MEMORY_PER_JOB = 1.5e9;

/**
 * Compiles and links native/*.cc into build/rin_torch.node, as far as anything changed since the last time.
 *
 * @param {Libtorch} libtorch
 * @param {object} options
 * @param {boolean} options.cuda     link with libtorch's CUDA
 * @param {Log} options.log
 * @param {string} [options.native]  folder of the sources
 * @param {string} [options.build]   folder of the result
 * @returns {Promise<Build>}
 * @throws {SetupError} if there is no compiler, or it finds errors
 */
export async function buildAddon(libtorch, { cuda, log, native = NATIVE, build = BUILD }) {
  const compiler = (await compilerVersion()) ?? '';
  const objects = planObjects(libtorch, compiler, native);
  const link = linkArguments(libtorch, cuda);
  const key = hash([libtorch.source, ...objects.map(({ file }) => file), ...link]);
  const record = { libtorch: libtorch.folder, version: libtorch.version, source: libtorch.source, cuda, compiler, key };
  if (readBuild(build)?.key === key) {
    log.fact(`Native addon, for libtorch ${libtorch.version}`);
    return record;
  }
  const onWait = () => log.warn('Another set-up is building the addon; waiting for it');
  return withLock(join(build, 'lock'), { onWait }, async () => {
    if (readBuild(build)?.key === key) return record;
    await log.task('Building the native addon', async (progress) => {
      const folder = join(build, 'objects');
      mkdirSync(folder, { recursive: true });
      await compileAll(objects, folder, libtorch, progress);
      progress('linking');
      const addon = join(build, 'rin_torch.node');
      const [program, ...args] = compilerCommand();
      const files = objects.map(({ file }) => join(folder, file));
      await writeBeside(addon, async (path) => {
        const { code, output } = await run(program, [...args, '-shared', '-o', path, ...files, ...link]);
        if (code !== 0)
          throw new SetupError(`The addon could not be linked with ${libtorch.folder}:\n${firstErrors(output)}`);
      });
      await writeBeside(join(build, 'build.json'), async (path) =>
        writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`),
      );
      const wanted = new Set(objects.map(({ file }) => file));
      for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name));
    });
    return record;
  });
}

/**
 * An object's name carries the hash of what it is made from: that it is there says that it is up to date.
 *
 * @param {Libtorch} libtorch @param {string} compiler @param {string} native
 */
function planObjects(libtorch, compiler, native) {
  const names = existsSync(native) ? readdirSync(native).sort() : [];
  const headers = names.filter((name) => name.endsWith('.h')).map((name) => readFileSync(join(native, name), 'utf8'));
  const core = join(libtorch.folder, 'lib', 'libtorch_cpu.so');
  const common = [...FLAGS, compiler, libtorch.version, String(statSync(core).size), ...headers];
  const sources = names.filter((name) => name.endsWith('.cc'));
  if (sources.length === 0) throw new SetupError(`There are no sources of the addon in ${native}`);
  return sources.map((name) => {
    const source = join(native, name);
    return { source, file: `${name.slice(0, -'.cc'.length)}-${hash([...common, readFileSync(source, 'utf8')])}.o` };
  });
}

/**
 * @param {{ source: string, file: string }[]} objects @param {string} folder
 * @param {Libtorch} libtorch @param {(text: string) => void} progress
 */
async function compileAll(objects, folder, libtorch, progress) {
  const [program, ...args] = compilerCommand();
  const include = join(libtorch.folder, 'include');
  // -isystem: warnings are for our own sources.
  const includes = [include, join(include, 'torch/csrc/api/include'), nodeHeaders()].flatMap((path) => [
    '-isystem',
    path,
  ]);
  const due = objects.filter(({ file }) => !existsSync(join(folder, file)));
  let done = 0;
  const tell = () => progress(`${done} of ${due.length} files compiled`);
  tell();
  const queue = due[Symbol.iterator]();
  const job = async () => {
    for (const { source, file } of queue) {
      await writeBeside(join(folder, file), async (path) => {
        const { code, output } = await run(program, [...args, ...FLAGS, ...includes, '-c', source, '-o', path]);
        if (code !== 0) throw new SetupError(compileError(source, output, libtorch));
      });
      done++;
      tell();
    }
  };
  const jobs = Math.max(1, Math.min(availableParallelism(), due.length, Math.floor(freemem() / MEMORY_PER_JOB)));
  const results = await Promise.allSettled(Array.from({ length: jobs }, job));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** @param {Libtorch} libtorch @param {boolean} cuda */
function linkArguments({ folder, libraries }, cuda) {
  const rpaths = libraries.map((path) => `-Wl,-rpath,${path}`);
  // Nothing of ours names a symbol of the CUDA libraries: they register themselves when loaded, so they must stay linked.
  const gpu = cuda ? ['-Wl,--no-as-needed', '-ltorch_cuda', '-lc10_cuda', '-Wl,--as-needed'] : [];
  return [`-L${join(folder, 'lib')}`, '-ltorch_cpu', '-lc10', ...gpu, ...rpaths];
}

function nodeHeaders() {
  const manifest = createRequire(import.meta.url).resolve('node-api-headers/package.json');
  return join(dirname(manifest), 'include');
}

/** @param {string} source @param {string} output @param {Libtorch} libtorch */
function compileError(source, output, libtorch) {
  if (/Killed|terminated program cc1plus/.test(output)) {
    return `The compiler ran out of memory at ${source}; it needs about ${MEMORY_PER_JOB / 1e9} GB`;
  }
  return `${source} does not compile against libtorch ${libtorch.version} in ${libtorch.folder}:\n${firstErrors(output)}`;
}

/** @param {string} output */
function firstErrors(output) {
  const errors = output.split('\n').filter((line) => /error|undefined reference|cannot find/.test(line));
  return (errors.length > 0 ? errors : output.split('\n')).slice(0, 5).join('\n');
}

/** @param {string} build @returns {Build | undefined} the record of a whole addon */
export function readBuild(build = BUILD) {
  if (!existsSync(join(build, 'rin_torch.node')) || !existsSync(join(build, 'build.json'))) return undefined;
  return JSON.parse(readFileSync(join(build, 'build.json'), 'utf8'));
}

/** Nobody sees a half-written file. @param {string} path @param {(beside: string) => Promise<void>} write */
async function writeBeside(path, write) {
  const beside = `${path}.partial`;
  try {
    await write(beside);
    renameSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** @param {string[]} parts */
const hash = (parts) => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
