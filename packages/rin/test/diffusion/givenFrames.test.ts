import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normals, RinError } from '@rin/core';
import { memory, tensor } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { type SampleOptions, type SampleStep, sample } from '../../src/diffusion/sample.js';
import { type Clip, cutClip } from '../../src/media/clip.js';
import { generator } from '../model/reference/draws.js';
import { near, nearAll } from '../model/reference/near.js';
import { draws, gammaOf, mean } from './formulas.js';
import { configure, Scripted } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { batchOf, drawOf, gradientsOf, livelyNetwork, lossOf, slice } from './training.js';

// Clips of five frames of 4×6 with two channels, of which two are given. A slice has two frames, so the last one is padded.

const [frame, given, predicted] = [24, 2, 3];
const clips = { size: [5, 4, 6], patch: [2, 2, 2], givenFrames: given, channels: 2 };
const clipConfig = (over: { diffusion?: object; sampling?: object; model?: object } = {}): Config =>
  configure({ ...over, model: { ...clips, ...over.model } });

/** Values [2, frames, 4, 6] of the frames from `from` to `to` of a whole clip [2, 5, 4, 6]. */
const framesOf = (values: readonly number[], from: number, to: number): number[] =>
  [0, 1].flatMap((channel) => values.slice((channel * 5 + from) * frame, (channel * 5 + to) * frame));

const batch = batchOf(8, 2 * 5 * frame);
const { seed, position } = drawOf();
const inSample = (i: number, scale: number) =>
  Array.from(slice(batch, i, i + 1).pixels, (byte) => ((2 * byte) / 255 - 1) * scale);

test('the first frames of a clip are given clean, and only the others get noise and a loss', () => {
  for (const inputScale of [1, 0.5]) {
    const config = clipConfig({ diffusion: { inputScale, prediction: 'eps', selfConditioningRate: 0 } });
    const random = generator(1);
    const samples = Array.from({ length: 8 }, (_, i) => {
      const x = framesOf(inSample(i, inputScale), given, 5);
      const eps = draws(seed, 'noise', position + i, 0, x.length);
      return { x, eps, errors: eps.map(() => 2 * random() - 1), clean: framesOf(inSample(i, inputScale), 0, given) };
    });
    const answer = samples.flatMap(({ eps, errors }) => eps.map((value, i) => value + errors[i]));
    const rin = new Scripted(config, () => ({
      prediction: tensor(Float32Array.from(answer), [8, 2, predicted, 4, 6]),
    }));
    // float32: 1e-7 of an error of about 1
    near(lossOf(rin, config, batch), mean(samples.flatMap(({ errors }) => errors.map((error) => error ** 2))), 1e-6);
    const [pass] = rin.forwards;
    const noised = samples.flatMap(({ x, eps }, b) =>
      x.map((value, i) => Math.sqrt(pass.gamma[b]) * value + Math.sqrt(1 - pass.gamma[b]) * eps[i]),
    );
    nearAll(pass.x, noised, 1e-6, 'x_t');
    nearAll(
      pass.given ?? [],
      samples.flatMap(({ clean }) => clean),
      1e-6,
      'given frames',
    );
  }
});

test('normalizeInput divides the noised frames and leaves the given ones as they are', () => {
  const of = (normalizeInput: string) => {
    const config = clipConfig({ diffusion: { normalizeInput, selfConditioningRate: 0 } });
    const rin = new Scripted(config);
    lossOf(rin, config, batch);
    return rin.forwards[0];
  };
  const [plain, divided] = [of('none'), of('sample')];
  assert.deepEqual(divided.given, plain.given);
  assert.notDeepEqual(divided.x, plain.x);
});

test('the first pass of self-conditioning sees the given frames of the samples that keep it', () => {
  const config = clipConfig({ diffusion: { selfConditioningRate: 0.5 } });
  const rin = new Scripted(config);
  lossOf(rin, config, batch);
  const [all, kept] = [rin.forwards[0], rin.warmUps[0]];
  const length = 2 * given * frame;
  const rows = ({ given: values = [] }: { given: number[] | undefined }) =>
    Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length).join());
  assert.equal(rows(all).length, 8);
  assert.ok(rows(kept).length > 0 && rows(kept).length < 8);
  const places = rows(kept).map((row) => rows(all).indexOf(row));
  const length2 = 2 * predicted * frame;
  // each goes with the noised frames of its own clip
  nearAll(
    kept.x,
    places.flatMap((place) => all.x.slice(place * length2, (place + 1) * length2)),
    0,
  );
});

test('the loss of a batch is the mean over its parts, and the positions of given frames learn', () => {
  const config = clipConfig({ model: { selfConditioning: 'both' }, diffusion: { labelDropout: 0.3 } });
  const rin = livelyNetwork(config);
  const whole = lossOf(rin, config, batch);
  const parts = [0, 4].map((offset) =>
    lossOf(rin, config, slice(batch, offset, offset + 4), { offset, position: position + offset, total: 8 }),
  );
  near(mean(parts), whole, 1e-5);
  const gradient = gradientsOf(rin, config, batch).interface_position;
  assert.equal(gradient.length, (2 + 1) * 6 * 8); // slices, patches of a slice, channels
  for (let token = 0; token < 18; token++)
    assert.ok(
      gradient.slice(8 * token, 8 * token + 8).some((value) => Math.abs(value) > 1e-7),
      `token ${token}`,
    );
});

const model = (over: Parameters<typeof clipConfig>[0] = {}): Model => {
  const config = clipConfig({ sampling: { steps: 4 }, ...over });
  return { config, classes: [], meanSquare: 0.3, network: livelyNetwork(config) };
};

/** A clip [2, frames, 4, 6] of random bytes. */
const clip = (frames: number, from: number): Clip => {
  const random = generator(from);
  return {
    data: Uint8Array.from({ length: 2 * frames * frame }, () => Math.floor(random() * 256)),
    shape: [2, frames, 4, 6],
  };
};

/** Fails where bytes differ by more than one: rounding of products depends on the batch. */
const alike = (a: Clip, b: Clip, what: string) => {
  assert.deepEqual(a.shape, b.shape, what);
  const gap = a.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - b.data[i])), 0);
  assert.ok(gap <= 1, `${what} differs by ${gap}`);
};

test('a clip that is continued begins with its last frames, byte for byte', async () => {
  const [two, seven] = [clip(2, 1), clip(7, 2)];
  const images = await sample(model(), { seeds: [0, 1, 2], given: [two, seven], classes: [0] });
  for (const [i, image] of images.entries()) {
    assert.deepEqual(image.shape, [2, 5, 4, 6]);
    const start = i === 1 ? cutClip(seven, 5, 2) : two; // repeated over the seeds
    assert.deepEqual(cutClip(image, 0, 2), start);
  }
  assert.notDeepEqual(images[0].data, images[2].data); // another seed
  const [other] = await sample(model(), { seeds: [0], given: seven, classes: [0] });
  assert.notDeepEqual(cutClip(other, 2, 3), cutClip(images[0], 2, 3)); // other given frames
});

test('a seed and its given frames make one clip, whatever the others are and however many go together', async () => {
  const starts = [clip(2, 1), clip(2, 2), clip(2, 3)];
  for (const sampling of [{ sampler: 'ddim' }, { sampler: 'ddpm', guidance: 1 }] as const) {
    const drawn = model({ sampling: { steps: 4, ...sampling }, diffusion: { prediction: 'v' } });
    const options = { classes: [0], frames: 9 };
    const images = await sample(drawn, { ...options, seeds: [0, 1, 2], given: starts });
    const pieces = await sample(drawn, { ...options, seeds: [0, 1, 2], given: starts, batch: 2 });
    const [alone] = await sample(drawn, { ...options, seeds: [2], given: starts[2] });
    for (const [i, piece] of pieces.entries()) alike(piece, images[i], `clip ${i}`);
    alike(alone, images[2], 'clip alone');
    assert.deepEqual(await sample(drawn, { ...options, seeds: [0, 1, 2], given: starts }), images);
  }
});

test('a longer clip begins with the frames of a shorter one, and goes on from the last frames before', async () => {
  const start = clip(2, 5);
  const drawn = model();
  const lengths = await Promise.all(
    [3, 5, 8, 10].map((frames) => sample(drawn, { seeds: [3], given: start, frames, classes: [1] })),
  );
  const [[longest]] = lengths.slice(-1);
  for (const [i, frames] of [3, 5, 8, 10].entries()) {
    assert.deepEqual(lengths[i][0].shape, [2, frames, 4, 6]);
    assert.deepEqual(lengths[i][0], { medium: 'clip', ...cutClip(longest, 0, frames) });
  }
  // frames 5 to 7 are those of a new section, whose noise is that of no other
  const [again] = await sample(drawn, { seeds: [3], given: cutClip(longest, 0, 5), classes: [1] });
  assert.deepEqual(cutClip(again, 0, 2), cutClip(longest, 3, 2));
  assert.notDeepEqual(cutClip(again, 2, 3), cutClip(longest, 5, 3));
});

test('each section has its noise by seed and section, and is given the bytes that came before', async () => {
  const config = clipConfig({ sampling: { steps: 2, sampler: 'ddim' }, diffusion: { prediction: 'x' } });
  let pass = 0;
  const network = new Scripted(config, (x) => ({ prediction: x.mul(0).add(0.1 * pass++) }));
  const told: SampleStep[] = [];
  const seen: number[][] = [];
  const [image] = await sample(
    { config, classes: [], meanSquare: 1, network },
    {
      ...{ seeds: [4], given: clip(2, 1), frames: 10, classes: [null] },
      onStep: (step) => {
        told.push(step);
        seen.push([...step.x0()[0].shape]);
      },
    },
  );
  assert.deepEqual(
    told.map(({ step, steps }) => [step, steps]),
    [1, 2, 3, 4, 5, 6].map((step) => [step, 6]),
  );
  assert.deepEqual(
    seen.map(([, frames]) => frames),
    [5, 5, 8, 8, 11, 11],
  );
  for (const [section, first] of [0, 3, 6].entries()) {
    const { x, given: before = [] } = network.forwards[2 * section];
    const noise = new Float32Array(2 * predicted * frame);
    normals(section, 'sampleStart', 4, 0, noise);
    nearAll(x, [...noise], 1e-6, `noise of section ${section}`);
    const bytes = Array.from(cutClip(image, first, 2).data, (byte) => (2 * byte) / 255 - 1);
    nearAll(before, bytes, 1e-6, `given frames of section ${section}`);
  }
  assert.equal(gammaOf(config.sampling.schedule, 1), told[0].gamma);
});

test('both passes of guidance are given the same frames', async () => {
  const config = clipConfig({ sampling: { steps: 1, guidance: 2 } });
  const network = new Scripted(config);
  await sample({ config, classes: [], meanSquare: 1, network }, { seeds: [1], given: clip(2, 1), classes: [0] });
  const [{ given: values = [], condition = [] }] = network.forwards;
  assert.deepEqual(condition, [1, 0, 0, 0, 0, 0]);
  assert.deepEqual(values.slice(0, values.length / 2), values.slice(values.length / 2));
});

test('a batch that memory runs out for is halved, and continues its own clips', async () => {
  const config = clipConfig({ sampling: { steps: 1 }, diffusion: { prediction: 'x' } });
  // The answer tells the given frames: their last one, for every predicted frame.
  const network = (most: number) =>
    new Scripted(config, (x, _, { given: frames }) => {
      if (x.shape[0] > most) throw Object.assign(new Error('out of memory'), { name: 'TorchError' });
      return { prediction: frames?.narrow(2, 1, 1).expand(x.shape).add(0.05) };
    });
  const starts = [clip(2, 1), clip(2, 2), clip(2, 3)];
  const draw = (scripted: Scripted) =>
    sample(
      { config, classes: [], meanSquare: 1, network: scripted },
      { seeds: [1, 2, 3, 4, 5], given: starts, frames: 8 },
    );
  const [roomy, tight] = [5, 2].map(network);
  const expected = await draw(roomy);
  const before = await settledMemory();
  assert.deepEqual(await draw(tight), expected);
  assert.deepEqual(memory(), before);
});

test('what cannot be continued is refused in one sentence', async () => {
  const refused = (options: Partial<SampleOptions>, message: string, of = model()) =>
    assert.rejects(sample(of, { seeds: [0], ...options }), new RinError(message));
  const plain = model({ model: { givenFrames: 0, size: [4, 4, 6] } });
  const continuesNone =
    'this model was trained without given frames (model.givenFrames 0), so it continues no clip; leave it out';
  await refused(
    {},
    'this model continues clips: give it one of at least 2 frames as `given` (rin sample --given CLIP)',
  );
  await refused({ given: clip(2, 1) }, `given: ${continuesNone}`, plain);
  await refused({ frames: 9 }, `frames 9: ${continuesNone}`, plain);
  const expected = 'expected [2, at least 2 frames, 4, 6]';
  await refused({ given: clip(1, 1) }, `given clip 0 is [2, 1, 4, 6] with 48 values; ${expected}`);
  const turned = { ...clip(2, 1), shape: [2, 2, 6, 4] };
  await refused({ given: [clip(2, 1), turned] }, `given clip 1 is [2, 2, 6, 4] with 96 values; ${expected}`);
  const picture = { data: new Uint8Array(48), shape: [2, 4, 6] };
  await refused({ given: picture }, `given clip 0 is [2, 4, 6] with 48 values; ${expected}`);
  for (const frames of [2, 0, 5.5])
    await refused(
      { given: clip(2, 1), frames },
      `frames ${frames}: expected a whole number above 2, the given frames, which count among them`,
    );
});
