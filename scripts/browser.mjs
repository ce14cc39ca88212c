// @ts-check
// The browser that tests of pages need. It is installed when the first of them runs.
import { execFileSync } from 'node:child_process';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensureSystem } from '../packages/torch/setup/system.mjs';

/**
 * Chromium, which apt installs if it is missing.
 *
 * @returns {Promise<{ path: string } | { why: string }>} its path, or why it cannot be had
 */
export async function browser() {
  try {
    await ensureSystem(['browser'], createLog({ quiet: true }));
    return { path: execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim() };
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { why: `Chromium is not here: ${reason}` };
  }
}
