// @ts-check
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetupError } from './errors.mjs';

/** Older wheels are built with the old C++ ABI. */
const OLDEST = [2, 8];

/**
 * A libtorch on this machine.
 *
 * @typedef {object} Libtorch
 * @property {string} folder       folder that holds include/ and lib/
 * @property {string} version      from its headers, e.g. 2.15.0
 * @property {Source} source       where it was found
 * @property {boolean} cuda        whether it is built with CUDA, even if this machine cannot use it
 * @property {string[]} libraries  folders of its libraries: its own lib/, then those of NVIDIA's packages next to it
 * @property {string[]} headers    folders of the headers of NVIDIA's packages next to it
 *
 * @typedef {'LIBTORCH' | 'python3' | 'cache'} Source
 */

/** The file of a library of libtorch. @param {string} name @param {string} [platform]  as `process.platform` */
export const libraryFile = (name, platform = process.platform) =>
  `lib${name}.${platform === 'darwin' ? 'dylib' : 'so'}`;

/**
 * Describes the libtorch in a folder.
 *
 * @param {string} folder   an unpacked libtorch, the `torch` folder of a Python installation, or a folder that holds either
 * @param {Source} source
 * @param {string} [platform]  as `process.platform`
 * @returns {Libtorch}
 * @throws SetupError if it is no libtorch, or the addon cannot be built against it
 */
export function describeLibtorch(folder, source, platform = process.platform) {
  const core = libraryFile('torch_cpu', platform);
  const root = [folder, join(folder, 'torch'), join(folder, 'libtorch')].find((path) =>
    existsSync(join(path, 'lib', core)),
  );
  if (root === undefined) throw new SetupError(`${folder} is no libtorch: it has no lib/${core}`);
  const version = readVersion(root);
  const [major, minor] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new SetupError(`${root} is libtorch ${version}; rin needs ${OLDEST.join('.')} or newer`);
  }
  const lib = join(root, 'lib');
  // The library of clang has one ABI only.
  if (platform !== 'darwin' && !readFileSync(join(lib, 'libc10.so')).includes('__cxx11')) {
    throw new SetupError(`${root} is built with the old C++ ABI; use a libtorch of the "cxx11 ABI"`);
  }
  return {
    folder: root,
    version,
    source,
    cuda: existsSync(join(lib, 'libtorch_cuda.so')),
    libraries: [lib, ...nvidiaFolders(root, 'lib')],
    headers: nvidiaFolders(root, 'include'),
  };
}

/** @param {string} root */
function readVersion(root) {
  // The addon is compiled against the headers, so their version counts. They moved between 2.8 and 2.9.
  const headers = ['include/torch/headeronly/version.h', 'include/torch/csrc/api/include/torch/version.h'];
  for (const header of headers) {
    const path = join(root, header);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`TORCH_VERSION_${part} (\\d+)`).exec(text)?.[1]);
    if (parts.every((part) => part !== undefined)) return parts.join('.');
  }
  throw new SetupError(`${root} has no headers with its version; use a libtorch with its include/ folder`);
}

/**
 * Folders of NVIDIA's pip packages, which are next to torch: nvidia/cu13/lib, nvidia/cudnn/lib, …
 * @param {string} root @param {'lib' | 'include'} kind
 */
function nvidiaFolders(root, kind) {
  const nvidia = join(dirname(root), 'nvidia');
  if (!existsSync(nvidia)) return [];
  return readdirSync(nvidia)
    .sort()
    .map((name) => join(nvidia, name, kind))
    .filter((path) => existsSync(path) && statSync(path).isDirectory());
}
