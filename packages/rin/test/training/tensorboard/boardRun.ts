import assert from 'node:assert/strict';
import { trainOrStop as train } from '../../../src/training/trainer.js';
import { samples, tiny } from '../tiny.js';

/** Trains a run with event files until its end, or until `at` images; its folder. */
export async function boardRun(runsFolder: string, { at, ...more }: { at?: number } & Record<string, unknown> = {}) {
  const stop = new AbortController();
  const training = { tensorboard: true, validation: 0.25, ...more };
  const { run } = await train({
    ...{ config: tiny({ training }), data: samples, runsFolder, signal: stop.signal },
    onProgress: ({ images }) => images === at && stop.abort(),
  });
  return run ?? assert.fail();
}
