// @ts-check
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tellWhatStops } from '../../packages/torch/setup/errors.mjs';
import { withLock } from '../../packages/torch/setup/lock.mjs';
import { createLog } from '../../packages/torch/setup/log.mjs';
import { setupTorch } from '../../packages/torch/setup/setup.mjs';
import { installNodePackages } from './nodePackages.mjs';
import { buildTypeScript } from './typescript.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs all steps after the check of Node. Only one process sets up a clone at a time.
 *
 * @param {{ quiet: boolean }} options
 * @returns {Promise<boolean>} false if it failed; the reason has been printed
 */
export async function setUpClone({ quiet }) {
  const log = createLog({ quiet });
  log.fact(`Node ${process.versions.node}`);
  const onWait = () => log.warn('Another process is setting up this clone; waiting for it');
  return tellWhatStops(() =>
    withLock(join(ROOT, 'build', 'setup.lock'), { onWait }, async () => {
      await installNodePackages(ROOT, log);
      await setupTorch({ log });
      await buildTypeScript(ROOT, log);
    }),
  );
}
