// @ts-check
// What the programs of bench/gpu.sh share: their flags, the networks, and the results that they add to.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadPreset } from '../../packages/rin/dist/src/training/presets.js';

/** Pictures of a step and in a sampling, and steps of a sampling. */
const [batch, steps] = [256, 20];
/** Sizes of a rehearsal. */
const tinyModel = { latents: 8, latentDim: 64, latentHeads: 4, interfaceDim: 32, readWriteHeads: 4, depth: [1] };

export const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: 'string', default: 'train' },
    network: { type: 'string', default: 'benchmark' },
    device: { type: 'string', default: 'cuda' },
    dtype: { type: 'string', default: 'bfloat16' },
    tiny: { type: 'boolean', default: false },
  },
});

/**
 * What a contestant is told (contestants.mjs). All train with AdamW.
 * @param {string} network @param {'train' | 'sample'} task
 */
export function setupOf(network, task) {
  const count = given.tiny ? 2 : batch;
  const config = loadPreset(network, {
    ...(given.tiny && { model: tinyModel }),
    training: { batch: count, optimizer: { kind: 'adamw' }, learningRate: 1e-4 },
    sampling: { steps: given.tiny ? 2 : steps },
  });
  return { task, config, threads: given.tiny ? 1 : 8, dtype: given.dtype, device: given.device, count };
}

/** @typedef {{ races?: object[], peak?: object, tests?: string }} Results */

/** Changes results.json, whose path is $GPU_RESULTS. @param {(results: Results) => void} change */
export function record(change) {
  const path = process.env.GPU_RESULTS;
  if (!path) return;
  const results = JSON.parse(readFileSync(path, 'utf8'));
  change(results);
  writeFileSync(path, JSON.stringify(results, null, 1));
}
