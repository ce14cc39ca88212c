// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Oldest driver for CUDA 13, which the pinned torch is built with (NVIDIA's CUDA compatibility table). */
const OLDEST_DRIVER = 580;

/** If one of these exists, the kernel has a driver for an NVIDIA card; the last one is WSL2's. */
const DEVICES = ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'];

/**
 * Whether CUDA can run here: it needs the kernel's driver and its user library. A container may see the driver of its host
 * without the library. An image with the toolkit has a stub of the library without the driver.
 *
 * @returns {Promise<{ usable: boolean, why?: string }>} `why` is set if there is a driver that cannot be used
 */
export async function nvidiaDriver() {
  if (!DEVICES.some((path) => existsSync(path)) || !(await hasLibrary())) return { usable: false };
  const version = driverVersion();
  if (version !== undefined && version < OLDEST_DRIVER) {
    return {
      usable: false,
      why: `the NVIDIA driver ${version} is too old for CUDA 13, which needs ${OLDEST_DRIVER} or newer`,
    };
  }
  return { usable: true };
}

async function hasLibrary() {
  const folders = [...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean), '/usr/lib/wsl/lib'];
  if (folders.some((folder) => existsSync(join(folder, 'libcuda.so.1')))) return true;
  for (const program of ['ldconfig', '/sbin/ldconfig']) {
    if ((await run(program, ['-p'])).output.includes('libcuda.so.1 ')) return true;
  }
  return false;
}

/** The driver's major version; undefined if the kernel does not report it, as in WSL2. */
function driverVersion() {
  try {
    const match = /Kernel Module.*?\s(\d+)\.\d+/.exec(readFileSync('/proc/driver/nvidia/version', 'utf8'));
    return match ? Number(match[1]) : undefined;
  } catch {
    return undefined;
  }
}
