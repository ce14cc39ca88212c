import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RinError, samplerNames } from '@rin/core';
import { full, memory, zeros } from '@rin/torch';
import type { Model } from '../../src/diffusion/modelFile.js';
import { type SampleOptions, type SampleStep, sample, samples } from '../../src/diffusion/sample.js';
import { nearAll } from '../model/reference/near.js';
import { gammaOf } from './formulas.js';
import { configure, Scripted } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { livelyNetwork } from './training.js';

const names = ['apple', 'pear', 'cherry'];

function modelOf(over: object = {}, classes: readonly string[] = names): Model {
  const config = configure(over);
  return { config, classes, meanSquare: 0.3, network: livelyNetwork(config) };
}

/** The classes that a network was asked for, a number for each picture; −1 = none. */
async function asked(options: SampleOptions, over: object = {}, classes = names): Promise<number[]> {
  const config = configure(over);
  const network = new Scripted(config);
  await sample({ config, classes, meanSquare: 1, network }, { steps: 1, ...options });
  return network.forwards.flatMap(({ condition = [] }) =>
    Array.from({ length: condition.length / 3 }, (_, b) => condition.slice(3 * b, 3 * b + 3).indexOf(1)),
  );
}

test('pictures are uint8 of the shape of the data, one for each seed, black at −b and white at b', async () => {
  for (const inputScale of [1, 0.5]) {
    const config = configure({ diffusion: { prediction: 'x', inputScale }, model: { size: [2, 4, 6], channels: 2 } });
    for (const [answer, byte] of [
      [-inputScale, 0],
      [0.2 * inputScale, 153],
      [inputScale, 255],
    ]) {
      const network = new Scripted(config, (x) => ({ prediction: full(x.shape, answer) }));
      const images = await sample({ config, classes: names, meanSquare: 1, network }, { seeds: [1, 2] });
      assert.equal(images.length, 2);
      for (const { data, shape } of images) {
        assert.deepEqual(shape, [2, 2, 4, 6]);
        assert.deepEqual(data, new Uint8Array(96).fill(byte));
      }
    }
  }
});

/** The three media as sizes and patches of networks of 24 values. */
const media = {
  pictures: {},
  clips: { size: [2, 3, 4], patch: [1, 3, 2] },
  sounds: { size: [24], patch: [6] },
};

for (const [name, size] of Object.entries(media))
  test(`the same seed gives the same of ${name}, whatever the others are and however many go together`, () =>
    oneOfEachSeed(size));

async function oneOfEachSeed(size: object): Promise<void> {
  for (const sampling of [{ sampler: 'ddim' }, { sampler: 'ddpm', guidance: 1 }, { sampler: 'dpm2mSde' }] as const) {
    const model = modelOf({ model: size, sampling: { steps: 6, ...sampling }, diffusion: { prediction: 'v' } });
    const classes = [0];
    const images = await sample(model, { seeds: [0, 1, 2, 3, 4], classes });
    const variants = [
      await sample(model, { seeds: [0, 1, 2, 3, 4], classes, batch: 2 }),
      await sample(model, { seeds: [0, 1, 2, 3, 4], classes, batch: 1 }),
      (await sample(model, { seeds: [4, 9, 3, 2, 1, 0], classes })).filter((_, i) => i !== 1).reverse(),
    ];
    for (const variant of variants) {
      for (const [i, { data }] of variant.entries()) {
        // Rounding of products depends on the batch, 1e-6 of a pixel: at most the next of 256 levels.
        const gap = data.reduce((most, byte, at) => Math.max(most, Math.abs(byte - images[i].data[at])), 0);
        assert.ok(gap <= 1, `picture ${i} differs by ${gap}`);
      }
    }
    assert.notDeepEqual(images[0].data, images[1].data);
    // the same call again: the same bits
    assert.deepEqual(await sample(model, { seeds: [0, 1, 2, 3, 4], classes }), images);
  }
}

test('classes go by name or number, repeat over the seeds, and are seed mod classes where none are given', async () => {
  assert.deepEqual(await asked({ seeds: [0, 1, 2, 3], classes: ['cherry', 1, null] }), [2, 1, -1, 2]);
  assert.deepEqual(await asked({ seeds: [7, 3, 2 ** 40 + 1] }), [1, 0, (2 ** 40 + 1) % 3]);
  assert.deepEqual(await asked({ seeds: [4, 5], classes: [] }), [1, 2]);
  assert.deepEqual(await asked({ seeds: [1, 2, 3, 4, 5], classes: [0, 1], batch: 2 }), [0, 1, 0, 1, 0]);
  assert.deepEqual(await asked({ seeds: [0], classes: [2] }, {}, []), [2]);
});

test('a picture with a class is another than without, and guidance moves it on', async () => {
  const model = modelOf();
  const one = async (options: Partial<SampleOptions>) => (await sample(model, { seeds: [3], ...options }))[0].data;
  const pictures = [await one({ classes: [0] }), await one({ classes: [1] }), await one({ classes: [null] })];
  assert.equal(new Set(pictures.map(String)).size, 3);
  assert.notDeepEqual(await one({ classes: [0], guidance: 2 }), pictures[0]);
  // without a class there is nothing to guide by
  assert.deepEqual(await one({ classes: [null], guidance: 2 }), pictures[2]);
});

test('unknown classes are refused, with the known ones and the nearest', async () => {
  const model = modelOf();
  const refused = (wanted: string | number, message: string, of = model) =>
    assert.rejects(sample(of, { seeds: [0], classes: [wanted] }), new RinError(message));
  const known = 'this model has the classes 0 to 2: apple, pear, cherry';
  await refused('chery', `class chery: ${known}; did you mean cherry?`);
  await refused('zebra', `class zebra: ${known}`);
  await refused(3, `class 3: ${known}`);
  await refused(-1, `class -1: ${known}`);
  await refused(0.5, `class 0.5: ${known}`);
  await refused('apple', 'class apple: this model has the classes 0 to 2', modelOf({}, []));
  const plain = modelOf({ model: { classes: 0 } }, []);
  await refused(0, 'class 0: this model was trained without classes; leave classes out', plain);
  assert.equal((await sample(plain, { seeds: [0], classes: [null] })).length, 1);
});

test('options of the call win over the configuration, and are checked like it', async () => {
  const config = configure({ sampling: { steps: 4, sampler: 'ddpm', clip: false } });
  const network = new Scripted(config);
  const model: Model = { config, classes: names, meanSquare: 1, network };
  await sample(model, { seeds: [0], steps: 3, schedule: { kind: 'linear' } });
  nearAll(
    network.forwards.map(({ gamma }) => gamma[0]),
    [1e-9, 1 / 3, 2 / 3],
    1e-15,
  );
  await sample(model, { seeds: [0], steps: undefined });
  assert.equal(network.forwards.length, 3 + 4);
  const refused = (options: object, message: RegExp) =>
    assert.rejects(sample(model, { seeds: [0], ...options }), (error) => {
      assert.ok(error instanceof RinError);
      assert.match(error.message, message);
      return true;
    });
  await refused({ steps: 0 }, /^sample: sampling\.steps is 0; expected a whole number, at least 1$/);
  await refused({ sampler: 'ddmp' }, /sampling\.sampler is "ddmp"; expected ddim, ddpm, heun, dpm2m or dpm2mSde$/);
  await refused({ guidance: -1 }, /sampling\.guidance is -1/);
  await refused({ gidance: 1 }, /sampling\.gidance is not a known key; did you mean sampling\.guidance\?/);
  await refused({ seeds: [-1] }, /^seed -1: expected a whole number from 0 to 2\^53 - 1$/);
  await refused({ seeds: [0.5] }, /^seed 0\.5/);
  await refused({ seeds: [2 ** 53] }, /^seed 9007199254740992/);
  await refused({ batch: 0 }, /^batch 0: expected a whole number, at least 1$/);
});

test('an option of another sampler is refused, but not the one that the model has anyway', async () => {
  const model = modelOf({ sampling: { steps: 1, sampler: 'dpm2m', eta: 0.5 } });
  const refused = (options: object, message: string) =>
    assert.rejects(sample(model, { seeds: [1], ...options }), new RinError(message));
  await refused({ eta: 1 }, 'eta 1: it has no effect with dpm2m; leave eta out, or choose the sampler ddim');
  await refused(
    { sampler: 'ddim', variance: 'small' },
    'variance small: it has no effect with ddim; leave variance out, or choose the sampler ddpm',
  );
  await sample(model, { seeds: [1], eta: 0.5 });
  await sample(model, { seeds: [1], eta: 1, sampler: 'ddim' });
});

test('momentum is refused where nothing is carried that it could act on', async () => {
  for (const [changes, why] of [
    [{ model: { selfConditioning: 'none' }, diffusion: { selfConditioningRate: 0 } }, 'model.selfConditioning is none'],
    [{ diffusion: { selfConditioningRate: 0 } }, 'diffusion.selfConditioningRate is 0'],
  ] as const) {
    const said = `momentum 0.5: this model carries nothing from step to step (${why}); leave momentum out`;
    await assert.rejects(sample(modelOf(changes), { seeds: [1], momentum: 0.5 }), new RinError(said));
    await sample(modelOf(changes), { seeds: [1], momentum: 0, steps: 1 });
    const own = modelOf({ ...changes, sampling: { momentum: 0.5, steps: 1 } });
    await sample(own, { seeds: [1], ...own.config.sampling }); // nobody named another one
  }
});

test('onStep tells step, γ and seeds of the pictures at hand, whose x̂₀ it can draw', async () => {
  const model = modelOf({ sampling: { steps: 3 }, diffusion: { prediction: 'x', inputScale: 0.5 } });
  const told: SampleStep[] = [];
  const drawn: Uint8Array[][] = [];
  const images = await sample(model, {
    ...{ seeds: [5, 6, 7], batch: 2 },
    onStep: (step) => {
      told.push(step);
      drawn.push(
        step.x0().map(({ data, shape }) => {
          assert.deepEqual(shape, [1, 4, 6]);
          return data;
        }),
      );
    },
  });
  const levels = [0, 1, 2].map((i) => gammaOf(model.config.sampling.schedule, 1 - i / 3));
  assert.deepEqual(
    told.map(({ step, steps, seeds }) => ({ step, steps, seeds })),
    [[5, 6], [7]].flatMap((seeds) => [1, 2, 3].map((step) => ({ step, steps: 3, seeds }))),
  );
  for (const [i, { gamma }] of told.entries()) assert.ok(Math.abs(gamma - levels[i % 3]) < 1e-15);
  // the last x̂₀ are the pictures
  assert.deepEqual(
    [...drawn[2], ...drawn[5]],
    images.map(({ data }) => data),
  );
  assert.throws(() => told[0].x0(), /disposed/);
});

test('onStep comes once for each step of every sampler, with the share of the evaluations', async () => {
  for (const sampler of samplerNames) {
    const config = configure({ sampling: { steps: 3, sampler }, diffusion: { prediction: 'x' } });
    const network = new Scripted(config, (x, gamma) => ({ prediction: full(x.shape, gamma[0]) }));
    const told: SampleStep[] = [];
    const drawn: number[] = [];
    const onStep = (step: SampleStep) => {
      told.push(step);
      drawn.push(step.x0()[0].data[0]);
    };
    const images = await sample({ config, classes: names, meanSquare: 1, network }, { seeds: [4], onStep });
    const evaluations = sampler === 'heun' ? 5 : 3;
    const done = sampler === 'heun' ? [2, 4, 5] : [1, 2, 3];
    assert.equal(network.forwards.length, evaluations);
    assert.deepEqual(
      told.map(({ step, steps, share }) => [step, steps, share]),
      done.map((evaluation, i) => [i + 1, 3, evaluation / evaluations]),
      sampler,
    );
    // x̂₀ and γ are those of the newest evaluation; the last x̂₀ is the picture
    const levels = done.map((evaluation) => network.forwards[evaluation - 1].gamma[0]);
    assert.deepEqual(
      told.map(({ gamma }) => gamma),
      levels,
    );
    assert.deepEqual(
      drawn,
      levels.map((gamma) => Math.round(127.5 + 127.5 * Math.fround(gamma))),
    );
    assert.equal(images[0].data[0], drawn[2]);
  }
});

test('a signal ends it, also between two batches', async () => {
  const model = modelOf({ sampling: { steps: 2 } });
  const controller = new AbortController();
  const steps: number[] = [];
  const before = await settledMemory();
  await assert.rejects(
    sample(model, {
      ...{ seeds: [1, 2, 3], batch: 1, signal: controller.signal },
      onStep: ({ step, seeds }) => {
        steps.push(10 * seeds[0] + step);
        if (seeds[0] === 2) controller.abort();
      },
    }),
    { name: 'AbortError' },
  );
  assert.deepEqual(steps, [11, 12, 21]);
  assert.deepEqual(memory(), before);
});

test('sampling leaves no tensor behind', async () => {
  const model = modelOf({ model: { selfConditioning: 'both' } });
  const before = await settledMemory();
  await sample(model, { seeds: [1, 2, 3], batch: 2, guidance: 1, momentum: 0.5, onStep: (step) => step.x0() });
  assert.deepEqual(memory(), before);
});

test('an output that is not finite is refused with its step, also where clipping would hide it', async () => {
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const config = configure({ sampling: { steps: 5 }, diffusion: { prediction: 'x' } });
    let pass = 0;
    // one value of one picture, in one step
    const network = new Scripted(config, (x) => {
      const prediction = zeros(x.shape);
      if (++pass === 3) prediction.select(0, 1).select(0, 0).select(0, 2).select(0, 3).fill_(wrong);
      return { prediction };
    });
    const before = await settledMemory();
    await assert.rejects(sample({ config, classes: names, meanSquare: 1, network }, { seeds: [1, 2] }), (error) => {
      assert.ok(error instanceof RinError);
      assert.match(error.message, /network's output is infinite or NaN at step 3 of 5 \(γ = 0\.\d+\)/);
      return true;
    });
    assert.deepEqual(memory(), before);
  }
});

test('any number of seeds holds one batch: the next one is drawn when the pictures before it were taken', async () => {
  const config = configure({ sampling: { steps: 2 } });
  const network = new Scripted(config);
  const seeds = Array.from({ length: 50_000 }, (_, i) => i);
  const taken: number[] = [];
  for await (const { seed, image } of samples(
    { config, classes: names, meanSquare: 1, network },
    { seeds, batch: 3 },
  )) {
    taken.push(seed);
    assert.equal(network.forwards.length, 2 * Math.ceil(taken.length / 3), 'two steps a batch, and no batch ahead');
    assert.deepEqual(image.shape, [1, 4, 6]);
    if (taken.length === 7) break;
  }
  assert.deepEqual(taken, [0, 1, 2, 3, 4, 5, 6]);
});

for (const [name, size] of Object.entries(media))
  test(`a batch of ${name} that memory runs out for is halved until it fits, and gives the same`, () => isHalved(size));

async function isHalved(size: object): Promise<void> {
  const config = configure({ model: size, sampling: { steps: 3 } });
  const sizes: number[] = [];
  const limited = (most: number) => {
    let pass = 0;
    return new Scripted(config, (x) => {
      sizes.push(x.shape[0]);
      // in the second step, when the first one has drawn already
      if (pass++ % 3 === 1 && x.shape[0] > most) {
        pass = 0;
        throw Object.assign(new Error('aten::linear: CUDA out of memory. Tried to allocate 2 GiB'), {
          name: 'TorchError',
        });
      }
      return { prediction: x.mul(0.3) };
    });
  };
  const draw = (network: Scripted) =>
    sample({ config, classes: names, meanSquare: 1, network }, { seeds: [1, 2, 3, 4, 5], batch: 5 });
  const [roomy, tight, none] = [5, 2, 0].map(limited);
  const expected = await draw(roomy);
  sizes.length = 0;
  const before = await settledMemory();
  const found = await draw(tight);
  assert.deepEqual(sizes, [5, 5, 3, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1]);
  assert.deepEqual(memory(), before);
  for (const [i, { data }] of found.entries()) nearAll(data, expected[i].data, 1);
  await assert.rejects(draw(none), /out of memory/);
}

test('no seeds, no pictures', async () => {
  assert.deepEqual(await sample(modelOf(), { seeds: [] }), []);
});
