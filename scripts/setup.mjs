// @ts-check
// Sets a clone up: `npm run setup`. Every other command runs it first; if nothing is to do, it takes under a second.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { requireNode } from '../packages/torch/setup/node.mjs';

/**
 * Checks Node, then installs what is missing and builds what changed: npm packages, system packages, libtorch, the native
 * addon, TypeScript. If it fails, it prints how to fix that and ends the process with exit code 1.
 *
 * @param {{ quiet?: boolean }} [options]   quiet: prints only steps and problems, not what is in order
 */
export async function setUp({ quiet = false } = {}) {
  requireNode();
  const { setUpClone } = await import('./setup/clone.mjs');
  if (!(await setUpClone({ quiet }))) process.exit(1);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await setUp();
