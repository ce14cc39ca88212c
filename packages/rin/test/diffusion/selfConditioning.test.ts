import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfConditionings } from '@rin/core';
import { memory, ones, scope, type Tensor, tensor, unsafe } from '@rin/torch';
import { generator } from '../model/reference/draws.js';
import { near, nearAll } from '../model/reference/near.js';
import { mean, noised } from './formulas.js';
import { configure, numbers, type Pass, Scripted } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { batchOf, drawOf, gradientsOf, livelyNetwork, lossOf, slice, takeGradients } from './training.js';

/** Every form of self-conditioning, and the parts of a pass that it carries. */
const forms = selfConditionings.filter((form) => form !== 'none');
const partsOf = (form: string) =>
  (['latents', 'interface', 'data'] as const).filter((part) =>
    form.replace('both', 'latents+interface').includes(part),
  );

const perSample = (values: readonly number[], count: number): number[][] => {
  const length = values.length / count;
  return Array.from({ length: count }, (_, i) => values.slice(i * length, (i + 1) * length));
};

/** The estimates of these networks lie within ±4, so that none is limited. */
const wide = { prediction: 'x', inputScale: 4 };

/** A network whose estimate tells which sample it was made from: its first pixel, halved, fills all of it. */
const telling = (config: ReturnType<typeof configure>) =>
  new Scripted(config, (x) => {
    const first = x.flatten(1).narrow(1, 0, 1).unsqueeze(1).div(2);
    const filled = (shape: number[]) => first.mul(ones([1, ...shape]));
    return {
      ...{ latents: filled([5, 16]), interface: filled([6, 8]) },
      prediction: filled([1, 24]).reshape(x.shape),
    };
  });

/** Of each sample of the last pass, whether it started from an estimate; fails unless it is its own, in every part. */
function keptOf({ x, latents, interface: tokens, data }: Pass): boolean[] {
  const firsts = x.filter((_, i) => i % 24 === 0).map((first) => first / 2);
  if (!latents || !tokens || !data) {
    assert.deepEqual([latents, tokens, data], [undefined, undefined, undefined]);
    return firsts.map(() => false);
  }
  const [Z, X, x0] = [latents, tokens, data].map((part) => perSample(part, firsts.length));
  return firsts.map((first, i) => {
    const kept = Z[i][0] !== 0;
    for (const value of [...Z[i], ...X[i], ...x0[i]]) assert.equal(value, kept ? first : 0);
    return kept;
  });
}

function keptIn(diffusion: object, count: number, over: object = {}) {
  const config = configure({ model: { selfConditioning: 'both+data' }, diffusion: { ...wide, ...diffusion } });
  const rin = telling(config);
  lossOf(rin, config, batchOf(count), over);
  assert.equal(rin.forwards.length, 1);
  return { kept: keptOf(rin.forwards[0]), estimated: rin.warmUps[0]?.gamma.length ?? 0, rin };
}

test('by mask: each sample keeps its own estimate with the probability selfConditioningRate, else has zeros', () => {
  for (const rate of [0.1, 0.5, 0.9]) {
    const count = 3000;
    const { kept, estimated } = keptIn({ selfConditioningRate: rate }, count);
    const share = kept.filter(Boolean).length / count;
    near(share, rate, 5 * Math.sqrt((rate * (1 - rate)) / count));
    // only for those is it computed
    assert.equal(estimated, kept.filter(Boolean).length);
    // and independently: neighbours both keep theirs with probability rate²
    const pairs = kept.slice(1).filter((value, i) => value && kept[i]).length / (count - 1);
    near(pairs, rate ** 2, 0.05);
  }
});

test('by mask: which samples keep it is a function of seed and place in the stream, however the batch is split', () => {
  const { kept } = keptIn({ selfConditioningRate: 0.5 }, 40);
  for (const start of [0, 7, 13]) {
    const over = { position: 1000 + start, offset: start, total: 40 };
    assert.deepEqual(keptIn({ selfConditioningRate: 0.5 }, 27, over).kept, kept.slice(start, start + 27));
  }
  assert.notDeepEqual(keptIn({ selfConditioningRate: 0.5 }, 40, { seed: 8 }).kept, kept);
  assert.notDeepEqual(keptIn({ selfConditioningRate: 0.5 }, 40, { position: 1040 }).kept, kept);
});

test('by part: the first rate·B samples of the whole batch, counted over its micro-batches', () => {
  for (const [selfConditioningRate, expected] of [
    [0.5, 20],
    [0.7, 28],
    [0.9, 36],
    [0.51, 20],
  ]) {
    const diffusion = { selfConditioningRate, selfConditioningBy: 'part' };
    const whole = Array.from({ length: 40 }, (_, i) => i < expected);
    assert.deepEqual(keptIn(diffusion, 40).kept, whole);
    const parts = [0, 10, 20, 30].map((offset) => keptIn(diffusion, 10, { offset, total: 40, position: offset }));
    assert.deepEqual(
      parts.flatMap(({ kept }) => kept),
      whole,
    );
  }
});

test('rate 0 makes no estimate, rate 1 one for every sample', () => {
  for (const selfConditioningBy of ['mask', 'part']) {
    const none = keptIn({ selfConditioningRate: 0, selfConditioningBy }, 12);
    assert.equal(none.rin.warmUps.length, 0);
    const all = keptIn({ selfConditioningRate: 1, selfConditioningBy }, 12);
    assert.deepEqual(all.kept, new Array<boolean>(12).fill(true));
  }
});

test('a network without self-conditioning passes once', () => {
  const config = configure({ model: { selfConditioning: 'none' }, diffusion: { selfConditioningRate: 0 } });
  const rin = telling(config);
  lossOf(rin, config, batchOf(8));
  assert.deepEqual(
    rin.passes.map(({ kind, latents }) => [kind, latents]),
    [['forward', undefined]],
  );
});

test('the estimate sees the same x_t, γ and classes as the pass after it, from zeros, in training too', () => {
  const { rin, kept } = keptIn({ selfConditioningRate: 0.6 }, 30);
  const [estimate, forward] = rin.passes;
  assert.deepEqual([estimate.kind, forward.kind], ['warmUp', 'forward']);
  for (const part of ['x', 'gamma', 'condition'] as const) {
    const all = perSample(forward[part] ?? [], 30);
    assert.deepEqual(
      perSample(estimate[part] ?? [], estimate.gamma.length),
      all.filter((_, i) => kept[i]),
      part,
    );
  }
  assert.deepEqual([estimate.latents, estimate.interface, estimate.data], [undefined, undefined, undefined]);
  assert.equal(estimate.training, true);
  assert.equal(estimate.dtype, forward.dtype);
});

test('an estimate is to the bit what forward carries on from zeros, though what it does not need is left out', () => {
  for (const selfConditioning of forms) {
    for (const depth of [[2], [1, 1], [1, 0]]) {
      const config = configure({ model: { selfConditioning, depth } });
      const rin = livelyNetwork(config);
      scope(() => {
        const x = tensor(
          Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)),
          [2, 1, 4, 6],
        );
        const gamma = tensor(Float64Array.of(0.3, 0.8));
        const condition = tensor([
          [1, 0, 0],
          [0, 0, 1],
        ]);
        const estimate = rin.warmUp(x, gamma, { condition });
        const forward = rin.forward(x, gamma, { condition });
        const expected = partsOf(selfConditioning).map((part) => (part === 'data' ? 'prediction' : part));
        assert.deepEqual(Object.keys(estimate).sort(), expected.sort());
        for (const [part, found] of Object.entries(estimate) as ['latents' | 'interface' | 'prediction', Tensor][]) {
          assert.deepEqual(numbers(found), numbers(forward[part]), `${selfConditioning}, depth ${depth}, ${part}`);
          assert.equal(found.requiresGrad, false);
        }
      });
    }
  }
});

test('the gradient is that of the last pass alone: its starting point counts as given', () => {
  for (const selfConditioning of forms) {
    const config = configure({ model: { selfConditioning }, diffusion: { selfConditioningRate: 1, loss: 'eps' } });
    const rin = livelyNetwork(config);
    const data = batchOf(8);
    // what the two passes are given, and the noise that the last one is compared with
    const spy = telling(config);
    lossOf(spy, config, data);
    const [{ x, gamma, condition = [] }] = spy.forwards;
    const found = gradientsOf(rin, config, data);
    const [input, level, classes] = [
      tensor(Float32Array.from(x), [8, 1, 4, 6]),
      tensor(Float64Array.from(gamma)),
      tensor(Float32Array.from(condition), [8, 3]),
    ];
    const eps = x.map((value, i) => {
      const signal = (2 * data.pixels[i]) / 255 - 1;
      const at = gamma[Math.floor(i / 24)];
      return (value - Math.sqrt(at) * signal) / Math.sqrt(1 - at);
    });
    scope(() => {
      const before = rin.forward(input, level, { condition: classes });
      const given = partsOf(selfConditioning);
      const column = (values: number[]) => tensor(Float32Array.from(values), [8, 1, 1, 1]);
      const [signal, noise] = [gamma.map(Math.sqrt), gamma.map((value) => Math.sqrt(1 - value))].map(column);
      const estimate = input.sub(before.prediction.mul(noise)).div(signal).clamp(-1, 1);
      const previous = {
        ...(given.includes('latents') && { latents: before.latents.detach() }),
        ...(given.includes('interface') && { interface: before.interface.detach() }),
        ...(given.includes('data') && { data: estimate.detach() }),
      };
      const { prediction } = rin.forward(input, level, { condition: classes, previous });
      prediction
        .sub(tensor(Float32Array.from(eps), [8, 1, 4, 6]))
        .square()
        .mean()
        .backward();
    });
    const expected = takeGradients(rin);
    assert.deepEqual(Object.keys(found), Object.keys(expected));
    for (const [name, gradient] of Object.entries(expected)) {
      const scale = Math.max(...gradient.map(Math.abs), 1e-3);
      // ε is recomputed here from a float32 x_t: 1e-7/√(1 − γ)
      for (const [i, value] of gradient.entries()) near(found[name][i], value, 1e-4 * scale, `${name}[${i}]`);
    }
  }
});

test('the estimate of the data is x̂₀ by the kind of prediction, limited to ±b, of x_t before it is normalised', () => {
  const count = 16;
  const data = batchOf(count);
  const { seed, position } = drawOf();
  const random = generator(5);
  const answers = Array.from({ length: count * 24 }, () => Math.fround(3 * random() - 1.5));
  for (const prediction of ['x', 'eps', 'v'] as const) {
    const diffusion = { prediction, inputScale: 0.5, normalizeInput: 'sample', selfConditioningRate: 1 };
    const config = configure({ model: { selfConditioning: 'data' }, diffusion });
    const rin = new Scripted(config, () => ({ prediction: tensor(Float32Array.from(answers), [count, 1, 4, 6]) }));
    lossOf(rin, config, data);
    const expected = Array.from({ length: count }, (_, i) => {
      const draw = { seed, position: position + i, inputScale: 0.5 };
      const { gamma, xt } = noised(slice(data, i, i + 1).pixels, config.diffusion.schedule, draw);
      const [signal, noise] = [Math.sqrt(gamma), Math.sqrt(1 - gamma)];
      return xt.map((value, at) => {
        const answer = answers[24 * i + at];
        const x0 = { x: answer, eps: (value - noise * answer) / signal, v: signal * value - noise * answer };
        return Math.min(Math.max(x0[prediction], -0.5), 0.5);
      });
    }).flat();
    assert.ok(expected.some((value) => Math.abs(value) === 0.5) && expected.some((value) => Math.abs(value) < 0.5));
    // float32, divided by √γ
    nearAll(rin.forwards[0].data ?? [], expected, 1e-4, prediction);
  }
});

/** Which samples saw their class, in the estimate and in the pass after it. */
function labelled(labelDropout: number, count: number, over: object = {}) {
  const config = configure({ diffusion: { labelDropout, selfConditioningRate: 1 } });
  const rin = telling(config);
  const data = batchOf(count);
  lossOf(rin, config, data, over);
  return rin.passes.map(({ condition = [] }) =>
    perSample(condition, count).map((row, i) => {
      const full = [0, 1, 2].map((label) => (label === data.labels[i] ? 1 : 0));
      const seen = row.some((value) => value !== 0);
      assert.deepEqual(row, seen ? full : [0, 0, 0]);
      return seen;
    }),
  );
}

test('labelDropout leaves out classes at its rate, independently in the estimate and the pass after it', () => {
  const count = 4000;
  const withClass = batchOf(count).labels.map((label) => (label >= 0 ? 1 : 0));
  for (const rate of [0.1, 0.4]) {
    const [first, second] = labelled(rate, count).map((seen) => seen.filter((_, i) => withClass[i]));
    const bound = (p: number) => 5 * Math.sqrt((p * (1 - p)) / first.length);
    for (const seen of [first, second]) near(1 - mean(seen.map(Number)), rate, bound(rate));
    const both = mean(first.map((seen, i) => Number(!seen && !second[i])));
    near(both, rate ** 2, bound(rate ** 2));
  }
});

test('labelDropout 0 drops no class, 1 every one; a picture without a class has none', () => {
  const { labels } = batchOf(40);
  for (const pass of labelled(0, 40))
    assert.deepEqual(
      pass,
      Array.from(labels, (label) => label >= 0),
    );
  for (const pass of labelled(1, 40)) assert.deepEqual(pass, new Array<boolean>(40).fill(false));
});

test('which labels are dropped is a function of seed and place in the stream', () => {
  const [, whole] = labelled(0.5, 40);
  assert.deepEqual(labelled(0.5, 40)[1], whole);
  assert.notDeepEqual(labelled(0.5, 40, { seed: 8 })[1], whole);
  // labels repeat every 4 samples
  assert.deepEqual(labelled(0.5, 20, { position: 1020, offset: 20, total: 40 })[1], whole.slice(20));
});

test('the two passes draw dropout independently, and the same again when a step is repeated', () => {
  const config = configure({ diffusion: { selfConditioningRate: 1 } });
  const dropouts = (over: object) => {
    const drawn: string[] = [];
    const rin = new Scripted(config, () => {
      const mask = unsafe.call('aten::rand', [[8]]) as Tensor;
      drawn.push(numbers(mask).join());
      return { latents: ones([4, 5, 16]) };
    });
    lossOf(rin, config, batchOf(4), over);
    return drawn;
  };
  const all = [dropouts({}), dropouts({ position: 1004 }), dropouts({ seed: 8 })].flat();
  assert.equal(new Set(all).size, 6);
  assert.deepEqual(dropouts({}), all.slice(0, 2));
});

test('dropout is on in training: losses differ from those without it', () => {
  const data = batchOf(8);
  const lossWith = (model: object) => {
    const config = configure({ model });
    return lossOf(livelyNetwork(config), config, data);
  };
  const without = lossWith({});
  for (const option of ['dropout', 'dropPath', 'attentionDropout']) {
    assert.notEqual(lossWith({ [option]: 0.3 }), without, option);
  }
});

test('a training pass leaves no tensor behind but the gradients', async () => {
  const config = configure({ model: { selfConditioning: 'both+data' }, diffusion: { selfConditioningRate: 0.5 } });
  const rin = livelyNetwork(config);
  const data = batchOf(8);
  gradientsOf(rin, config, data);
  const before = await settledMemory();
  for (let i = 0; i < 5; i++) lossOf(rin, config, slice(data, 0, 4), drawOf({ position: i }));
  assert.deepEqual(memory(), before);
});
