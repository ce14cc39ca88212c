import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { type Clip, cutClip } from '../../src/media/clip.js';
import { givenClips, realPictures } from '../../src/training/preview.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { datasetFromSamples } from '../../src/data/samples.js';
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

test('a trained network moves on what it is given: its frames are nearer to the true ones than still frames are', async () => {
  const images = 9600;
  const training = { images, batch: 24, microBatch: 24, logEvery: images, checkpointEvery: images, validation: 0 };
  const wide = { latentDim: 64, latents: 12, interfaceDim: 64, depth: [1, 1], dropout: 0 };
  const { run } = await train({
    config: config({ ...training, warmup: 240, optimizer: { kind: 'adamw' }, learningRate: 0.003 }, wide),
    data: clips,
    runsFolder: freshFolder(),
  });
  assert.ok(run);
  const model = await loadModel(join(run, 'model.safetensors'));
  const truth: Clip[] = clips.slice(0, 16).map(({ pixels }) => ({ data: pixels, shape }));
  const given = truth.map((clip) => cutClip(clip, 0, 2));
  const drawn = await sample(model, { seeds: truth.map((_, i) => i), given, steps: 8 });
  let [error, still] = [0, 0];
  for (const [i, clip] of truth.entries()) {
    for (let frame = 2; frame < frames; frame++) {
      const [wanted, found, last] = [cutClip(clip, frame, 1), cutClip(drawn[i], frame, 1), cutClip(clip, 1, 1)];
      for (const [at, value] of wanted.data.entries()) {
        error += (found.data[at] - value) ** 2;
        still += (last.data[at] - value) ** 2;
      }
    }
  }
  // The mean of all clips, in every frame, would have an error of 0.44 of that.
  assert.ok(error < 0.2 * still, `squared error ${error}, of still frames ${still}`);
});

test('previews are given the first frames of clips of the data, one for each place', async () => {
  const data = await datasetFromSamples(clips, shape);
  const layout = { columns: 3, classes: new Array<number>(6).fill(-1) };
  const given = givenClips(data, layout, 2) ?? assert.fail('nothing given');
  assert.deepEqual(
    given,
    realPictures(data, layout).map((clip) => cutClip(clip, 0, 2)),
  );
  assert.deepEqual(given[1], { data: clips[1].pixels.slice(0, 2 * side * side), shape: [1, 2, side, side] });
  assert.equal(givenClips(data, layout, 0), undefined);
});
