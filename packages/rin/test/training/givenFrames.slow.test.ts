import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { datasetFromSamples } from '../../src/data/samples.js';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { cutClip } from '../../src/media/clip.js';
import { givenClips, realSamples } from '../../src/training/preview.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { freshFolder, outcome, tiny } from './tiny.js';

// Clips of five frames of 8×8, in which a bar moves on by one column from frame to frame, to the left or to the right.

const [frames, side] = [5, 8];
const clips = Array.from({ length: 24 }, (_, i) => {
  const direction = i % 2 === 0 ? 1 : -1;
  const pixels = new Uint8Array(frames * side * side);
  for (let frame = 0; frame < frames; frame++) {
    const column = (((i >> 1) % side) + direction * frame + side) % side;
    for (let row = 0; row < side; row++) pixels[(frame * side + row) * side + column] = 255;
  }
  return { pixels };
});
const shape = [1, frames, side, side];

const config = (training: object = {}, model: object = {}) =>
  tiny({
    model: { ...{ size: [frames, side, side], patch: [2, 4, 4], givenFrames: 2, classes: 0 }, ...model },
    diffusion: { labelDropout: 0, prediction: 'x', loss: 'x' },
    training: { validation: 0.2, ...training },
  });

test('a run on clips with given frames, interrupted again and again, gives the bytes of one that never was', async () => {
  const files = ['model.safetensors'];
  const both = config({}, { selfConditioning: 'both' });
  const { run, finished } = await train({ config: both, data: clips, runsFolder: freshFolder() });
  assert.ok(run && finished);
  const whole = outcome(run, files);
  const lines = whole.stats.trim().split('\n');
  for (const line of lines) assert.ok(Number.isFinite(JSON.parse(line).validationLoss));

  const runsFolder = freshFolder();
  for (const images of [8, 40, 72]) {
    const controller = new AbortController();
    const onProgress = (progress: { images: number }) => progress.images === images && controller.abort();
    await train({ config: both, data: clips, runsFolder, onProgress, signal: controller.signal });
  }
  const resumed = await train({ config: both, data: clips, runsFolder });
  assert.ok(resumed.run && resumed.finished);
  assert.deepEqual(outcome(resumed.run, files), whole);
  assert.equal(readFileSync(join(resumed.run, 'log.txt'), 'utf8').match(/resumes at/g)?.length, 3);
});

test('a trained network follows what it is given: after dark frames come dark ones, after bright frames bright ones', async () => {
  const shades = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 230 : 20) + i);
  const plain = shades.map((shade) => ({ pixels: new Uint8Array(frames * side * side).fill(shade) }));
  const images = 2400;
  const training = { images, batch: 16, microBatch: 16, logEvery: images, checkpointEvery: images, validation: 0 };
  const { run } = await train({
    config: config({ ...training, optimizer: { kind: 'adamw' }, learningRate: 0.005 }, { dropout: 0, depth: [1, 1] }),
    data: plain,
    runsFolder: freshFolder(),
  });
  assert.ok(run);
  const model = await loadModel(join(run, 'model.safetensors'));
  const given = shades.map((shade) => ({
    data: new Uint8Array(2 * side * side).fill(shade),
    shape: [1, 2, side, side],
  }));
  const drawn = await sample(model, { seeds: [...shades.keys()], given, steps: 4 });
  for (const [i, shade] of shades.entries()) {
    const { data } = cutClip(drawn[i], 2, 3);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    assert.ok(Math.abs(mean - shade) < 60, `after ${shade} comes ${mean}`);
  }
});

test('previews are given the first frames of clips of the data, one for each place', async () => {
  const data = await datasetFromSamples(clips, shape);
  const layout = { columns: 3, classes: new Array<number>(6).fill(-1) };
  const given = givenClips(data, layout, 2) ?? assert.fail('nothing given');
  assert.deepEqual(
    given,
    realSamples(data, layout).map((clip) => cutClip(clip, 0, 2)),
  );
  assert.deepEqual(given[1], { data: clips[1].pixels.slice(0, 2 * side * side), shape: [1, 2, side, side] });
  assert.equal(givenClips(data, layout, 0), undefined);
});
