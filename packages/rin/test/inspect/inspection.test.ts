import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth } from '../../src/inspect/growth.js';
import { inspect } from '../../src/inspect/inspection.js';
import { publishedFlops } from '../../src/inspect/published.js';
import { RIN } from '../../src/model/rin.js';
import { loadPreset, presetNames } from '../../src/training/presets.js';
import { tiny } from '../training/tiny.js';

test('the parts together are the whole network, for every preset', () => {
  for (const name of presetNames()) {
    const config = loadPreset(name);
    const tensors = Object.values(new RIN(config.model, { seed: null }).parameters());
    const { parameters, parts, passFlops, trainingFlops } = inspect(config);
    assert.equal(
      parameters,
      tensors.reduce((sum, { size }) => sum + size, 0),
      name,
    );
    for (const tensor of tensors) tensor.dispose();
    assert.equal(
      passFlops,
      parts.reduce((sum, { flops }) => sum + flops, 0),
    );
    assert.equal(trainingFlops.forward, passFlops);
  }
});

test('the networks of the published sizes take the operations that were counted by hand from the equations', () => {
  // 2·MAC in 10⁹, from a list of all products that was made apart from this code
  for (const [name, gflops] of [
    ['cifar10', 8.6],
    ['imagenet64', 39],
    ['imagenet128', 139],
    ['imagenet256', 243],
    ['imagenet512', 341],
    ['imagenet1024', 933],
    ['kinetics600', 288], // 2,048 tokens: all 16 frames in one part, as the paper counts
  ] as const) {
    const changes = name === 'kinetics600' ? { model: { givenFrames: 0 } } : {};
    const found = inspect(loadPreset(name, changes)).passFlops / 1e9;
    assert.ok(Math.abs(found / gflops - 1) < 0.015, `${name}: ${found}, ${gflops} by hand`);
  }
});

test('an image of training takes the estimate at its rate, a forward and two backward passes, and the blocks again', () => {
  const of = (rate: number, recompute: boolean) =>
    inspect(tiny({ diffusion: { selfConditioningRate: rate }, training: { recompute } }));
  const { passFlops, trainingFlops } = of(0.5, false);
  assert.equal(trainingFlops.backward, 2 * passFlops);
  assert.equal(trainingFlops.recompute, 0);
  // the estimate has neither a readout nor the last write, and starts from zeros
  assert.ok(trainingFlops.first > 0.3 * passFlops && trainingFlops.first < 0.5 * passFlops);
  assert.equal(of(1, false).trainingFlops.first, 2 * trainingFlops.first);
  assert.equal(of(0, false).trainingFlops.first, 0);
  const again = of(0.5, true).trainingFlops;
  assert.ok(again.recompute > 0.7 * passFlops && again.recompute < passFlops);
});

test('with the resolution only the interface grows: read and write by its tokens, and compute not', () => {
  const sizes = growth(loadPreset('cifar10'));
  assert.deepEqual(
    sizes.map(({ size }) => size),
    [8, 16, 32, 64, 128, 256],
  );
  for (const [i, each] of sizes.slice(1).entries()) {
    const flopsOf = (part: string, { parts } = each) => parts.find((one) => one.part === part)?.flops ?? Number.NaN;
    const before = sizes[i];
    assert.equal(each.tokens.interface[0], 4 * before.tokens.interface[0]);
    assert.equal(flopsOf('compute'), flopsOf('compute', before));
    for (const part of ['read', 'write']) {
      const times = flopsOf(part) / flopsOf(part, before);
      assert.ok(times > 1 && times <= 4, `${part}: ${times}`);
    }
    assert.ok(each.activations.kept > before.activations.kept);
    assert.ok(each.activations.recomputed < each.activations.kept);
  }
});

test('the frames of a clip stay, and its own size is among those shown', () => {
  const sizes = growth(loadPreset('kinetics600')).map(({ size }) => String(size));
  assert.deepEqual(sizes, ['16,8,8', '16,16,16', '16,32,32', '16,64,64', '16,128,128', '16,256,256']);
  assert.deepEqual(
    growth(tiny()).map(({ size }) => size),
    [8, 16, 32, 64, 128],
  );
});

test('published numbers are those of the figure, and other sizes have none', () => {
  const of = (size: number | number[]) => publishedFlops(size).map(({ model, gflops }) => `${model} ${gflops}`);
  assert.deepEqual(of(256), ['RIN 334', 'ADM 2212', 'CDM 2632']);
  assert.deepEqual(of([16, 64, 64]), ['RIN 387', 'Video Diffusion 4136']);
  assert.deepEqual(of(64), []);
});
