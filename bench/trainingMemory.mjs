// @ts-check
// Compares the memory of a training process with the forecast of `rin train`: `node bench/trainingMemory.mjs`, after a build.
// Each row is a separate process that makes three updates on blank pictures, in float32, without previews. The growth from
// batch 1 to batch 32 is the memory of the samples; the rest does not depend on the batch.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { trainingCost } from '../packages/rin/dist/src/training/resources/cost.js';
import { machine, table } from './machine.mjs';

const script = fileURLToPath(new URL('../packages/rin/dist/test/training/resources/memoryChild.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rin-bench-'));
const megabytes = (/** @type {number} */ bytes) => Math.round(bytes / 1e6);

/** @param {string} preset @param {'muon' | 'adamw'} kind @param {number} batch */
function row(preset, kind, batch) {
  const { classes, latents } = loadPreset(preset).model;
  const config = loadPreset(preset, {
    model: { classes: 0, latents: latents - Math.min(classes, 1) }, // blank pictures have no classes, so there is no class token
    training: {
      ...{ batch, images: 3 * batch, warmup: 0, sampleEvery: 0, threads: 1, device: 'cpu', precision: 'float32' },
      optimizer: { kind },
    },
  });
  const { stdout, stderr } = spawnSync(process.execPath, [script, JSON.stringify(config), folder], {
    encoding: 'utf8',
  });
  if (stderr) throw new Error(stderr);
  const forecast = trainingCost(config, { device: 'cpu', dtype: 'float32' }).memory;
  return [preset, kind, batch, megabytes(forecast), megabytes(Number(stdout)), (forecast / Number(stdout)).toFixed(2)];
}

console.log(machine(1));
/** @type {['muon' | 'adamw', number][]} */
const cases = [
  ['muon', 1],
  ['muon', 32],
  ['adamw', 1],
  ['adamw', 32],
];
try {
  const rows = ['emoji-64', 'benchmark'].flatMap((preset) => cases.map((each) => row(preset, ...each)));
  table([['preset', 'optimiser', 'batch', 'forecast MB', 'measured MB', 'forecast / measured'], ...rows]);
} finally {
  rmSync(folder, { recursive: true });
}
