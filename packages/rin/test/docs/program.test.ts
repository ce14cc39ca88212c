import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  grid,
  loadModel,
  loadPreset,
  type ProgramSample,
  type Progress,
  type SampleStep,
  sample,
  train,
  writePng,
} from '../../src/index.js';
import sharp from '../../src/media/sharp.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-program-'));
after(() => rmSync(folder, { recursive: true }));

const config = loadPreset('emoji-64', {
  name: 'stripes',
  model: { size: 8, patch: 4, classes: 2, latents: 6, latentDim: 16, latentHeads: 2, interfaceDim: 16, depth: [1] },
  training: { images: 64, batch: 8, warmup: 8, sampleEvery: 0, device: 'cpu', precision: 'float32', threads: 1 },
});

/** Stripes across, or along. */
async function* stripes(): AsyncGenerator<ProgramSample> {
  for (let i = 0; i < 8; i++) {
    const across = i % 2 === 0;
    const pixels = Uint8Array.from({ length: 192 }, (_, at) => ((across ? at >> 3 : at) & 1 ? 255 : 20 * i));
    yield { pixels, label: across ? 'across' : 'along' };
  }
}

test('a program trains on samples of its own, loads the model and draws from it', async () => {
  const seen: Progress[] = [];
  const run = join(folder, 'run');
  const result = await train({ config, data: stripes(), run, onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(result, { run, images: 64 });
  assert.deepEqual(seen.map(({ images, total }) => [images, total]).at(-1), [64, 64]);

  const model = await loadModel(run); // the folder of a run, or its model file
  assert.deepEqual(model.classes, ['across', 'along']);
  const steps: number[] = [];
  const images = await sample(model, {
    seeds: [0, 1, 2, 3],
    classes: ['along', 0],
    steps: 3,
    sampler: 'ddim',
    onStep: ({ step, x0 }) => steps.push(step, x0().length),
  });
  assert.deepEqual(steps, [1, 4, 2, 4, 3, 4]);
  assert.deepEqual(
    images.map(({ shape, data }) => [...shape, data.length]),
    new Array(4).fill([3, 8, 8, 192]),
  );

  const path = join(folder, 'grid.png');
  await writePng(path, grid(images, { columns: 2 }));
  const { width, height } = await sharp(path).metadata();
  assert.deepEqual([width, height], [2 * 8 + 3 * 2, 2 * 8 + 3 * 2]);
});

test('train and sample reject with the reason of an aborted signal; the same call of train resumes the run', async () => {
  const run = join(folder, 'stopped');
  const stop = new AbortController();
  const reason = new Error('enough');
  const seen: number[] = [];
  const onProgress = ({ images }: Progress) => {
    seen.push(images);
    if (images >= 24) stop.abort(reason);
  };
  const options = { config, data: [] as ProgramSample[], run };
  for await (const each of stripes()) options.data.push(each);
  const isReason = (error: unknown) => error === reason;
  await assert.rejects(train({ ...options, signal: stop.signal, onProgress }), isReason);
  assert.deepEqual(seen, [8, 16, 24]);
  const resumed: number[] = [];
  await assert.rejects(train({ ...options, signal: stop.signal }), isReason); // aborted before it starts: nothing changes
  const finished = await train({ ...options, onProgress: ({ images }) => resumed.push(images) });
  assert.deepEqual([finished, resumed], [{ run, images: 64 }, [32, 40, 48, 56, 64]]);

  const model = await loadModel(run);
  const steps: number[] = [];
  const halt = new AbortController();
  const onStep = ({ step }: SampleStep) => {
    steps.push(step);
    if (step === 2) halt.abort(reason);
  };
  await assert.rejects(sample(model, { seeds: [0], steps: 5, onStep, signal: halt.signal }), isReason);
  assert.deepEqual(steps, [1, 2]);
});
