import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { DrawEvent, DrawnSamples } from '@rin/web/studio';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import { train } from '../../src/metrics/train.js';
import { readWeights } from '../../src/runs/checkpoint.js';
import { demoModel } from '../../src/runs/findModel.js';
import { createRun } from '../../src/runs/runDirectory.js';
import { openStudio } from '../../src/studio/studio.js';
import { freshFolder, samples, tiny } from '../training/tiny.js';
import { ask, lines } from './asking.js';

const runs = join(freshFolder(), 'runs');
const [trained, demo] = ['00000-tiny', '00005-demo'];

before(async () => {
  mkdirSync(runs);
  await train({ config: tiny(), data: samples, run: join(runs, trained) });
  await demoRun();
});

/** A run with the demo's model, as if it had been trained here. */
async function demoRun(): Promise<void> {
  const { config, classes } = await loadModel(demoModel);
  const data = { name: 'emoji', fingerprint: 'f', length: 83, classes, skipped: [] };
  await createRun(join(runs, demo), { config, data }, async (made) =>
    cpSync(demoModel, join(made, 'model.safetensors')),
  );
}

const open = () => openStudio(runs, { port: 0, device: 'cpu', threads: 1 });

/** The bytes of samples on their way. */
const bytesOf = ({ pictures }: DrawnSamples): Buffer[] => pictures.map((text) => Buffer.from(text, 'base64'));

test('the samples are those of sample(), byte for byte, also of a checkpoint and with the maps of the reads', async () => {
  await using studio = await open();
  const options = { seeds: [7, 9], classes: ['cat', 5], steps: 4, sampler: 'heun' as const, guidance: 1.5 };
  const events: DrawEvent[] = [];
  const request = { run: demo, model: 'model.safetensors', ...options, reads: true };
  for await (const event of lines(studio, 'draw', request)) events.push(event as unknown as DrawEvent);
  const types = events.map(({ type }) => type);
  assert.deepEqual(types, ['loading', 'step', 'step', 'step', 'step', 'done']);
  const [, first] = events;
  assert.ok(first.type === 'step' && first.samples && first.step === 1 && first.steps === 4);
  const last = events.at(-1);
  assert.ok(last?.type === 'done');
  const expected = await sample(await loadModel(demoModel), options);
  assert.deepEqual(
    bytesOf(last.samples),
    expected.map(({ data }) => Buffer.from(data)),
  );
  const maps = last.samples.reads?.map((reads) =>
    reads.map((text) => new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer)),
  );
  assert.deepEqual([maps?.length, maps?.[0].length, maps?.[0][0].length], [2, 3, 64]);
  for (const map of maps?.flat() ?? []) {
    const sum = map.reduce((a, b) => a + b, 0);
    assert.ok(sum > 0.5 && sum < 1 + 1e-5, `shares of attention sum to ${sum}`);
  }

  // The checkpoint's own weights, not those of the model beside it.
  const [checkpoint, part] = ['checkpoint-000000.096k', 'weights'];
  const model = await loadModel(join(runs, trained, 'model.safetensors'));
  const { tensors } = await readWeights(join(runs, trained), checkpoint, part);
  model.network.loadParameters(tensors);
  const own = { seeds: [3], classes: [1], steps: 2 };
  const [image] = await sample(model, own);
  const request2 = { run: trained, model: `${checkpoint}/${part}`, ...own };
  for await (const event of lines(studio, 'draw', request2))
    if (event.type === 'done') assert.deepEqual(bytesOf(event.samples as DrawnSamples), [Buffer.from(image.data)]);
    else assert.notEqual(event.type, 'failed', String(event.message));
});

test('a drawing ends when the page closes it, and the next one begins; the server answers meanwhile', async () => {
  await using studio = await open();
  const endless = { run: demo, model: 'model.safetensors', seeds: [0], steps: 50_000 };
  for await (const { type } of lines(studio, 'draw', endless)) {
    if (type !== 'step') continue;
    assert.equal((await ask(studio, '')).status, 200);
    break; // closes the connection
  }
  const short = { ...endless, steps: 2 };
  const types: unknown[] = [];
  for await (const { type } of lines(studio, 'draw', short)) types.push(type);
  assert.equal(types.at(-1), 'done');
});

test('what is wrong with a drawing is said in one sentence', async () => {
  await using studio = await open();
  const body = { run: demo, model: 'model.safetensors', seeds: [0], steps: 2 };
  const wrong = async (change: object): Promise<readonly [number | undefined, string]> => {
    const { status, text } = await ask(studio, 'draw', { method: 'POST', body: { ...body, ...change } });
    const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as { message: string };
    return [status, last.message];
  };
  assert.deepEqual(await wrong({ run: 'nothing' }), [404, `nothing: there is no such run in ${runs}`]);
  assert.deepEqual(await wrong({ model: 'best.safetensors' }), [
    409,
    'best.safetensors: there are no such weights in 00005-demo now; choose others',
  ]);
  assert.match((await wrong({ seeds: [-1] })).join(' '), /^400 seeds\.0: /);
  assert.match((await wrong({ sampler: 'euler' })).join(' '), /^400 sampler: /);
  assert.match((await wrong({ seeds: Array(65).fill(0) })).join(' '), /^400 seeds: /);
  assert.match(
    (await wrong({ classes: ['dog'] })).join(' '),
    /^200 class dog: this model has the classes 0 to 6: happy/,
  );
  const file = join(runs, demo, 'model.safetensors');
  writeFileSync(file, readFileSync(file).subarray(0, 5000));
  assert.match((await wrong({})).join(' '), /^200 .*model\.safetensors: /);
  const long = { ...body, classes: Array(64).fill('x'.repeat(5000)) };
  assert.equal((await ask(studio, 'draw', { method: 'POST', body: long })).status, 413);
});
