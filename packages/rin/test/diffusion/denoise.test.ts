import assert from 'node:assert/strict';
import { test } from 'node:test';
import { full, memory, ones } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { type DenoiseProgress, denoise } from '../../src/diffusion/denoise.js';
import { near, nearAll } from '../model/reference/near.js';
import { draws, gammaOf, variance } from './formulas.js';
import { classRows, filled, run } from './running.js';
import { configure, numbers, Scripted } from './scripted.js';
import { settledMemory } from './settledMemory.js';
import { livelyNetwork } from './training.js';
import { trajectory } from './trajectory.js';

/** A network that leaves latents of 10·s + k at step s for class k (3 = none), and the interface at minus that. */
function counting(config: Config): Scripted {
  let step = 0;
  return new Scripted(config, (x, _, { condition }) => {
    step++;
    const rows = condition ? numbers(condition) : [];
    const labels = Array.from({ length: x.shape[0] }, (_, b) => rows.slice(3 * b, 3 * b + 3).indexOf(1));
    const values = labels.map((label) => 10 * step + (label < 0 ? 3 : label));
    return {
      latents: filled(values, [5, 16]),
      interface: filled(
        values.map((value) => -value),
        [6, 8],
      ),
    };
  });
}

/** The first element of every sample's part. */
const firsts = (values: number[] | undefined, count: number) =>
  values && Array.from({ length: count }, (_, b) => values[(b * values.length) / count]);

test('latents start at zero and are carried from step to step, the labelled ones under guidance', async () => {
  for (const guidance of [0, 2]) {
    const config = configure({ model: { selfConditioning: 'both' }, sampling: { guidance } });
    const rin = counting(config);
    await run(rin, config, { condition: classRows(1, 2) });
    const times = guidance > 0 ? 2 : 1;
    const twice = (values: number[]) => (guidance > 0 ? [...values, ...values] : values);
    assert.equal(rin.forwards.length, 4);
    for (const [step, pass] of rin.forwards.entries()) {
      const expected = step === 0 ? undefined : twice([10 * step + 1, 10 * step + 2]);
      assert.deepEqual(firsts(pass.latents, 2 * times), expected);
      assert.deepEqual(
        firsts(pass.interface, 2 * times),
        expected?.map((value) => -value),
      );
    }
  }
});

test('momentum μ: carried = μ·carried + (1 − μ)·new, from zero', async () => {
  for (const momentum of [0, 0.25, 0.9]) {
    const config = configure({ model: { selfConditioning: 'both' }, sampling: { momentum, steps: 6 } });
    const rin = counting(config);
    await run(rin, config, { condition: classRows(0, 0) });
    let carried = 0;
    for (const [step, pass] of rin.forwards.entries()) {
      if (step > 0) {
        carried = momentum * carried + (1 - momentum) * 10 * step;
        for (const value of firsts(pass.latents, 2) ?? []) near(value, carried, 1e-5);
        for (const value of firsts(pass.interface, 2) ?? []) near(value, -carried, 1e-5);
      }
    }
  }
});

test('momentum and what is carried change the pictures of a network that conditions on itself', async () => {
  const pictures = async (over: object) => {
    const config = configure(over);
    return run(livelyNetwork(config), config);
  };
  const base = await pictures({});
  assert.notDeepEqual(await pictures({ sampling: { momentum: 0.5 } }), base);
  assert.notDeepEqual(await pictures({ diffusion: { selfConditioningRate: 0 } }), base);
});

test('nothing is carried where the network has no path for it, or was trained with rate 0', async () => {
  for (const over of [
    { model: { selfConditioning: 'none' }, diffusion: { selfConditioningRate: 0 } },
    { diffusion: { selfConditioningRate: 0 } },
  ]) {
    const config = configure(over);
    const rin = counting(config);
    await run(rin, config);
    for (const pass of rin.forwards) assert.deepEqual([pass.latents, pass.interface], [undefined, undefined]);
  }
});

test('the network is given γ of the sampling schedule, whatever it was trained with', async () => {
  const schedule = { kind: 'sigmoid', start: -2, end: 2, tau: 1 } as const;
  const config = configure({ diffusion: { schedule: { kind: 'linear' } }, sampling: { schedule, steps: 7 } });
  const rin = new Scripted(config);
  await run(rin, config);
  for (const [i, { gamma, training }] of rin.forwards.entries()) {
    nearAll(gamma, [gammaOf(schedule, 1 - i / 7), gammaOf(schedule, 1 - i / 7)], 1e-14);
    assert.ok(!training, 'dropout is off');
  }
});

test('normalizeInput divides what the network sees, and only that', async () => {
  for (const normalizeInput of ['sample', 'expected'] as const) {
    const config = configure({
      diffusion: { normalizeInput, inputScale: 0.5, prediction: 'x' },
      sampling: { sampler: 'ddim', clip: false },
    });
    const rin = new Scripted(config, (x) => ({ prediction: full(x.shape, 0.25) }));
    await run(rin, config, { seeds: [9] });
    const { steps } = trajectory(config.sampling, { seed: 9, length: 24 }, () => 0.25);
    for (const [i, { gamma, x }] of steps.entries()) {
      const deviation = normalizeInput === 'sample' ? variance(x) : gamma * 0.3 * 0.25 + 1 - gamma;
      nearAll(
        rin.forwards[i].x,
        x.map((value) => value / Math.sqrt(deviation)),
        1e-5,
        `${normalizeInput}, step ${i}`,
      );
    }
  }
});

test('clip keeps x̂₀ in ±inputScale at every step, and ε̂ follows; without it nothing is limited', async () => {
  for (const clip of [true, false]) {
    const config = configure({ diffusion: { inputScale: 0.5, prediction: 'x' }, sampling: { clip, sampler: 'ddim' } });
    const rin = new Scripted(config, (x) => ({ prediction: full(x.shape, 0.8) }));
    const { steps, result } = trajectory(config.sampling, { seed: 5, length: 24, inputScale: 0.5 }, () => 0.8);
    assert.equal(result[0], clip ? 0.5 : 0.8);
    const estimates: number[][] = [];
    const found = await run(rin, config, { seeds: [5], onStep: ({ x0 }) => estimates.push(numbers(x0)) });
    nearAll(found, result, 1e-6);
    for (const [i, { x, estimate }] of steps.entries()) {
      nearAll(rin.forwards[i].x, x, 2e-6, `x of step ${i}`);
      nearAll(estimates[i], estimate, 1e-6, `x̂₀ of step ${i}`);
    }
  }
});

test('onStep gets step, level, the x that was evaluated, and x̂₀; the last x̂₀ is the result', async () => {
  const config = configure({ diffusion: { prediction: 'x' }, sampling: { steps: 5 } });
  const rin = new Scripted(config, (x) => ({ prediction: x.mul(0.1) }));
  const told: { step: number; steps: number; gamma: number; x: number[]; x0: number[] }[] = [];
  const result = await run(rin, config, {
    onStep: ({ x, x0, ...rest }) => told.push({ ...rest, x: numbers(x), x0: numbers(x0) }),
  });
  assert.deepEqual(
    told.map(({ step, steps }) => [step, steps]),
    [1, 2, 3, 4, 5].map((step) => [step, 5]),
  );
  for (const [i, { gamma, x, x0 }] of told.entries()) {
    near(gamma, gammaOf(config.sampling.schedule, 1 - i / 5), 1e-15);
    nearAll(
      x0,
      rin.forwards[i].x.map((value) => Math.min(Math.max(0.1 * value, -1), 1)),
      1e-7,
    );
    assert.deepEqual(x, rin.forwards[i].x);
  }
  assert.deepEqual(told[4].x0, result);
});

test('every draw of a picture is a function of its seed, none of the others', async () => {
  const config = configure({ sampling: { steps: 3 } });
  const inputs = async (seeds: number[]) => {
    const rin = new Scripted(config);
    await run(rin, config, { seeds });
    return rin.forwards.map(({ x }) => seeds.map((_, b) => x.slice(24 * b, 24 * b + 24)));
  };
  const together = await inputs([11, 12, 13]);
  nearAll(together[0][1], draws(0, 'sampleStart', 12, 0, 24), 0);
  const [alone, turned] = [await inputs([12]), await inputs([13, 12])];
  for (const step of [0, 1, 2]) {
    assert.deepEqual(alone[step][0], together[step][1]);
    assert.deepEqual(turned[step], [together[step][2], together[step][1]]);
  }
});

test('ddim adds no noise after the start, ddpm does', async () => {
  const config = (sampler: string) => configure({ diffusion: { prediction: 'x' }, sampling: { sampler, steps: 2 } });
  const second = async (sampler: string) => {
    const rin = new Scripted(config(sampler));
    await run(rin, config(sampler), { seeds: [1] });
    return rin.forwards;
  };
  const [start, next] = await second('ddim');
  // x̂₀ = 0, so that x is ε all the way: cos²(π/4) of noise is left, √½
  nearAll(
    next.x,
    start.x.map((value) => value * Math.SQRT1_2),
    1e-6,
  );
  const [, noisy] = await second('ddpm');
  assert.ok(variance(noisy.x.map((value, i) => value - next.x[i])) > 0.01);
});

test('a signal ends it before the next step, and nothing is left behind', async () => {
  const config = configure({ sampling: { steps: 50 } });
  const rin = livelyNetwork(config);
  const controller = new AbortController();
  let steps = 0;
  const before = await settledMemory();
  await assert.rejects(
    denoise(rin, config.diffusion, config.sampling, {
      ...{ seeds: [1, 2], condition: null, meanSquare: 1, signal: controller.signal },
      onStep: ({ step }) => {
        steps = step;
        if (step === 3) setImmediate(() => controller.abort()); // as Ctrl-C would come: by the event loop
      },
    }),
    { name: 'AbortError' },
  );
  assert.equal(steps, 3);
  assert.deepEqual(memory(), before);
  await assert.rejects(
    denoise(rin, config.diffusion, config.sampling, {
      ...{ seeds: [1], condition: null, meanSquare: 1, signal: AbortSignal.abort(new Error('enough')) },
    }),
    /enough/,
  );
  assert.deepEqual(memory(), before);
});

test('an onStep that throws ends it with that error, and nothing is left behind', async () => {
  const config = configure();
  const rin = livelyNetwork(config);
  const before = await settledMemory();
  const onStep = ({ step }: DenoiseProgress) => assert.notEqual(step, 3, 'a bad third step');
  await assert.rejects(run(rin, config, { onStep }), /a bad third step/);
  assert.deepEqual(memory(), before);
});

test('a finished run holds nothing but its result', async () => {
  const config = configure({ model: { selfConditioning: 'both+data' }, sampling: { guidance: 1, momentum: 0.5 } });
  const rin = livelyNetwork(config);
  using condition = classRows(0, 1);
  const before = await settledMemory();
  const x = await denoise(rin, config.diffusion, config.sampling, { seeds: [1, 2], condition, meanSquare: 1 });
  assert.equal(memory().tensors, before.tensors + 1);
  x.dispose();
  assert.deepEqual(memory(), before);
});

test('no pass records a graph', async () => {
  const config = configure();
  const rin = livelyNetwork(config);
  for (const parameter of Object.values(rin.parameters())) parameter.requiresGrad = true;
  const graphs: boolean[] = [];
  await run(rin, config, {
    condition: ones([2, 3]),
    onStep: ({ x, x0 }) => graphs.push(x.requiresGrad, x0.requiresGrad),
  });
  assert.deepEqual(graphs, new Array<boolean>(8).fill(false));
});
