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
 * All steps after the check of Node itself, one set-up of this clone at a time.
 *
 * @param {{ quiet: boolean }} options
 * @returns {Promise<boolean>} false if it could not be done; the reason was told
 */
export async function setUpClone({ quiet }) {
  const log = createLog({ quiet });
  log.fact(`Node ${process.versions.node}`);
  const onWait = () => log.warn('Another set-up of this clone is running; waiting for it');
  return tellWhatStops(() =>
    withLock(join(ROOT, 'build', 'setup.lock'), { onWait }, async () => {
      await installNodePackages(ROOT, log);
      await setupTorch({ log });
      await buildTypeScript(ROOT, log);
    }),
  );
}
