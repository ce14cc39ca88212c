import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { RinError } from '@rin/core';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import type { Progress } from '../../src/training/progress.js';
import { type TrainOptions, trainOrStop as train } from '../../src/training/trainer.js';
import { freshFolder, outcome, samples, tiny } from './tiny.js';

const model = 'model.safetensors';
let base: string;
before(async () => {
  const { run } = await train({
    config: tiny({ training: { sampleEvery: 0 } }),
    data: samples,
    runsFolder: freshFolder(),
  });
  assert.ok(run);
  base = join(run, model);
});

/** Trains from the base model; `over` lies over the tiny configuration, `options` over the rest. */
async function tune(over: { training?: object; model?: object }, options: Partial<TrainOptions> = {}) {
  const training = { init: base, images: 32, sampleEvery: 0, ...over.training };
  const said: string[] = [];
  const log = (text: string) => said.push(text);
  const config = tiny({ ...over, training });
  const result = await train({ config, data: samples, runsFolder: freshFolder(), log, ...options });
  assert.ok(result.run);
  return { ...result, run: result.run, said: said.join('\n') };
}

/** Too small to move a float32 weight, which is not 0 or tiny already. */
const still = { learningRate: 1e-30, warmup: 0, optimizer: { kind: 'adamw' } };

const valuesOf = async (path: string) => {
  const { network } = await loadModel(path);
  return Object.fromEntries(
    Object.entries(network.parameters()).map(([name, tensor]) => [name, tensor.detach().toTypedArray()]),
  );
};

/** The three classes of names, told apart by the label alone. */
const named = (names: readonly string[]) =>
  names.flatMap((label) => samples.slice(0, 4).map(({ pixels }) => ({ pixels, label })));

test('what is trained without moving draws the very pictures of the model that it started from', async () => {
  const { run, said } = await tune({ training: still });
  assert.match(said, new RegExp(`starts from the averaged weights of ${base}; classes carried over: 0, 1`));
  const seeds = [0, 1, 2, 3];
  const [theirs, ours] = [await loadModel(base), await loadModel(join(run, model))];
  assert.deepEqual(await sample(ours, { seeds }), await sample(theirs, { seeds }));
});

test('with other classes, those of equal names are carried over and the others drawn anew', async () => {
  const start = (await tune({ training: still, model: { classes: 3 } }, { data: named(['a', 'b', 'c']) })).run;
  const first = join(start, model);
  const { run, said } = await tune(
    { training: { ...still, init: start }, model: { classes: 4 } },
    { data: named(['c', 'x', 'a', 'y']) },
  );
  assert.match(said, /; classes carried over: a, c; new classes: x, y$/m);
  const [theirs, ours] = [await valuesOf(first), await valuesOf(join(run, model))];
  const column = (values: ArrayLike<number | bigint>, classes: number, at: number) =>
    Array.from({ length: 16 }, (_, row) => Number(values[row * classes + at])); // label.weight is [16, classes]
  const [wide, old] = [ours['label.weight'], theirs['label.weight']];
  // Classes are numbered in alphabetical order: a, c, x, y here, and a, b, c there.
  assert.deepEqual(column(wide, 4, 0), column(old, 3, 0));
  assert.deepEqual(column(wide, 4, 1), column(old, 3, 2));
  for (const fresh of [2, 3]) {
    for (const at of [0, 1, 2]) assert.notDeepEqual(column(wide, 4, fresh), column(old, 3, at));
    assert.ok(column(wide, 4, fresh).some((value) => value !== 0));
  }
  for (const name of Object.keys(theirs)) {
    if (name !== 'label.weight') assert.deepEqual(ours[name], theirs[name], name);
  }
});

test('classes can be left out, and come anew, where the number of learned latents stays', async () => {
  const without = await tune({ training: still, model: { classes: 0, latents: 5 } });
  assert.match(without.said, /model\.safetensors, without its classes$/m);
  const again = await tune({ training: { ...still, init: without.run } });
  assert.match(again.said, /model\.safetensors; new classes: 0, 1$/m);
});

test('a network that the weights do not fit is refused with the names, before data are decoded and there is a run', async () => {
  const untouched: Iterable<never> = {
    [Symbol.iterator]: () => assert.fail('the data were asked for'),
  };
  const refused = async (over: Parameters<typeof tune>[0], reason: RegExp) => {
    const runsFolder = freshFolder();
    await assert.rejects(
      tune(over, { runsFolder, data: untouched }),
      (error) => error instanceof RinError && reason.test(error.message),
    );
    assert.deepEqual(readdirSync(runsFolder), []);
  };
  await refused(
    { model: { patch: 2 } },
    /stem\.weight is \[16, 16\] there, \[16, 4\] here, interface_position is \[4, 16\] there, \[16, 16\] here.*use the model section of the file/,
  );
  await refused(
    { model: { depth: [1, 1] } },
    /blocks\.1\.read\.norm\.weight is missing there, \[16\] here.* and \d+ more; use/,
  );
  await refused({ model: { latents: 7 } }, /latents is \[4, 16\] there, \[5, 16\] here; .*so set it to 6$/);
});

test('a model that is not there is refused before there is a run', async () => {
  const runsFolder = freshFolder();
  await assert.rejects(
    tune({ training: { init: 'none.safetensors' } }, { runsFolder }),
    /none\.safetensors: there is no such model file or run/,
  );
  assert.deepEqual(readdirSync(runsFolder), []);
});

test('pictures of another size are refused where positions are learned, and trained where they are computed', async () => {
  const large = Array.from({ length: 4 }, (_, k) => ({ pixels: new Uint8Array(256).fill(60 * k), label: k % 2 }));
  await assert.rejects(
    tune({ model: { size: 16 } }, { data: large }),
    /interface_position is \[4, 16\] there, \[16, 16\] here; its learned positions belong to 4 patches/,
  );
  const computed = { interfacePosition: 'sinCos' };
  const config = tiny({ model: computed, training: { images: 32, sampleEvery: 0 } });
  const { run } = await train({ config, data: samples, runsFolder: freshFolder() });
  assert.ok(run);
  assert.ok((await tune({ model: { ...computed, size: 16 }, training: { init: run } }, { data: large })).finished);
});

test('a run that started from a model goes on to the same bytes, with and without the file', async () => {
  const training = { images: 96, sampleEvery: 48 };
  for (const [init, file] of [
    ['mine.safetensors', 'mine.safetensors'],
    ['mine', join('mine', model)], // a run's folder stays when its model is gone
  ]) {
    const runsFolder = freshFolder();
    mkdirSync(join(runsFolder, 'mine'));
    copyFileSync(base, join(runsFolder, file));
    const over = { training: { ...training, init: join(runsFolder, init) } };
    const whole = outcome((await tune(over)).run);
    for (const images of [0, 8, 48]) {
      const controller = new AbortController();
      const onProgress = (progress: Progress) => progress.images === images && controller.abort();
      if (images === 0) controller.abort();
      const stopped = await tune(over, { runsFolder, onProgress, signal: controller.signal });
      assert.equal(stopped.images, images);
      rmSync(join(runsFolder, file), { force: true });
    }
    const { run } = await tune(over, { runsFolder });
    assert.deepEqual(outcome(run), whole);
    assert.equal(basename(run).slice(0, 5), '00000');
  }
});

test('with every checkpoint damaged a run is refused; with none it begins anew from its model', async () => {
  const runsFolder = freshFolder();
  const whole = outcome((await tune({})).run, [model]);
  const { run } = await tune({}, { runsFolder, signal: AbortSignal.abort() });
  writeFileSync(join(run, 'checkpoint-000000k', 'checkpoint.json'), '');
  await assert.rejects(
    tune({}, { runsFolder }),
    /all its checkpoints are damaged \(checkpoint-000000k: checkpoint\.json/,
  );
  rmSync(join(run, 'checkpoint-000000k'), { recursive: true });
  const { said } = await tune({}, { runsFolder });
  assert.match(said, /starts from the averaged weights of /);
  assert.deepEqual(outcome(run, [model]), whole);
});

test('a loss that is not finite leaves the checkpoint that such a run begins with, and says so', async () => {
  await assert.rejects(
    tune({ training: { learningRate: 1e30, checkpointEvery: 1000, clipNorm: 0 } }),
    /after \d+ images; the checkpoint at 0 images is kept/,
  );
});

test('a run is one of the same model by its contents, wherever the file lies', async () => {
  const runsFolder = freshFolder();
  const moved = join(runsFolder, 'moved.safetensors');
  const { run } = await tune({}, { runsFolder });
  copyFileSync(base, moved);
  assert.equal((await tune({ training: { init: moved } }, { runsFolder })).run, run);
  const other = (await tune({ training: { init: run } }, { runsFolder })).run;
  assert.notEqual(other, run);
  const config = tiny({ training: { images: 32, sampleEvery: 0 } });
  assert.ok(![run, other].includes((await train({ config, data: samples, runsFolder })).run ?? ''));
  assert.equal(JSON.parse(readFileSync(join(run, 'data.json'), 'utf8')).init.length, 64);
});
