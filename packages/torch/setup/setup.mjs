// @ts-check
import { buildAddon } from './addon.mjs';
import { installLibtorch } from './cache.mjs';
import { SetupError } from './errors.mjs';
import { findLibtorch } from './find.mjs';
import { nvidiaDriver } from './nvidia.mjs';
import { hasWheels } from './pip.mjs';
import { ensureSystem } from './system.mjs';

/**
 * Makes @rin/torch usable on this machine: finds libtorch, or installs the pinned one, and builds the addon for it.
 * Skips every step that is already done.
 *
 * @param {{ log: import('./log.mjs').Log }} options
 * @returns {Promise<import('./addon.mjs').Build>} the record of the build, as in build/build.json
 * @throws SetupError if this machine lacks something that set-up cannot install; the message says how to fix it
 */
export async function setupTorch({ log }) {
  checkPlatform();
  const driver = await nvidiaDriver();
  const kind = driver.usable ? 'cuda' : 'cpu';
  let libtorch = await findLibtorch(kind, log);
  // All at once, so that a user who must install by hand gets one message.
  await ensureSystem(systemNeeds(libtorch === undefined), log);
  if (libtorch === undefined) {
    if (driver.why !== undefined) log.warn(`Using the libtorch for the CPU: ${driver.why}`);
    libtorch = await installLibtorch(kind, log);
  }
  const cuda = driver.usable && libtorch.cuda;
  if (driver.usable && !libtorch.cuda) {
    log.note(`${libtorch.folder} has no CUDA, so the NVIDIA card is not used; use a libtorch with CUDA to change that`);
  } else if (libtorch.cuda && driver.why !== undefined) {
    log.warn(`The NVIDIA card is not used: ${driver.why}`);
  }
  const where = { LIBTORCH: '$LIBTORCH', python3: "python3's torch", cache: 'cache' }[libtorch.source];
  log.fact(`libtorch ${libtorch.version} (${cuda ? 'CUDA' : 'CPU'}), ${where}: ${libtorch.folder}`);
  return buildAddon(libtorch, { cuda, log });
}

/** On macOS a lock needs Python (`lock.mjs`). @param {boolean} install  whether libtorch must be installed @returns {import('./system.mjs').Need[]} */
const systemNeeds = (install) => (install || process.platform === 'darwin' ? ['compiler', 'python'] : ['compiler']);

/** @param {import('./pip.mjs').System} [system] */
export function checkPlatform({ platform, arch } = process) {
  if (hasWheels({ platform, arch })) return;
  if (platform === 'darwin') {
    throw new SetupError(
      `On a Mac, libtorch needs an Apple processor and a Node for it; this Node is for ${arch}. ` +
        'On an Intel Mac use a container with Debian 12 or Ubuntu 24.04',
    );
  }
  throw new SetupError(
    'libtorch for Node runs on Linux, on x86-64 and 64-bit Arm (WSL2 included), and on Macs with an Apple processor; ' +
      `this is ${platform} ${arch}. On Windows use WSL2; elsewhere use a container with Debian 12 or Ubuntu 24.04`,
  );
}
