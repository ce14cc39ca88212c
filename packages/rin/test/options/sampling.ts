import assert from 'node:assert/strict';
import { classRows, filled, run } from '../diffusion/running.js';
import { configure, Scripted } from '../diffusion/scripted.js';
import { trajectory } from '../diffusion/trajectory.js';
import { nearAll } from '../model/reference/near.js';
import { type Cases, choicesOf } from './case.js';
import { scheduleCases } from './schedule.js';

const seeds = [5, 6];

/** Samples with a network that answers x̂₀ = 1.2 x_t, far outside where it is not clipped; what it was asked, and what came out. */
async function sampled(sampling: object, options: { condition?: ReturnType<typeof classRows> } = {}) {
  const config = configure({ diffusion: { prediction: 'x' }, sampling });
  const rin = new Scripted(config, (x) => ({
    prediction: x.mul(1.2),
    latents: filled(new Array(x.shape[0]).fill(rin.forwards.length), [5, 16]),
  }));
  const result = await run(rin, config, { seeds, ...options });
  return { config, result, passes: rin.forwards };
}

/** Fails unless the samples are those of the published formulas. */
async function follows(sampling: object): Promise<number[]> {
  const { config, result } = await sampled(sampling);
  const expected = seeds.flatMap((seed) => trajectory(config.sampling, { seed, length: 24 }, (xt) => 1.2 * xt).result);
  nearAll(result, expected, 1e-4 * Math.max(1, ...expected.map(Math.abs)), JSON.stringify(sampling));
  return result;
}

/** Fails unless every one of these follows the formulas and none gives what another does. */
async function allDiffer(...samplings: object[]) {
  const results: number[][] = [];
  for (const sampling of samplings) results.push(await follows({ ...sampling }));
  for (const [i, one] of results.entries()) for (const other of results.slice(0, i)) assert.notDeepEqual(one, other);
}

const changed = async (key: string, values: readonly unknown[]) =>
  allDiffer(...values.map((value) => ({ clip: false, [key]: value })));

export const cases: Cases = {
  ...scheduleCases('sampling.schedule', async (schedule) => {
    const { passes } = await sampled({ schedule });
    return { times: [1, 0.75, 0.5, 0.25], gammas: passes.map(({ gamma }) => gamma[0]) };
  }),
  'sampling.steps': [
    'is how often the network is asked',
    async () => {
      for (const steps of [1, 7]) assert.equal((await sampled({ steps })).passes.length, steps);
    },
  ],
  'sampling.sampler': ['is each of the published ones', () => changed('sampler', choicesOf('sampling.sampler'))],
  'sampling.variance': [
    'is that of a ddpm step, as published',
    () => changed('variance', choicesOf('sampling.variance')),
  ],
  'sampling.eta': [
    'is the noise of a ddim step, as published',
    () => allDiffer(...[0, 0.5, 1].map((eta) => ({ clip: false, sampler: 'ddim', eta }))),
  ],
  'sampling.timeDelta': ['goes further than the next step begins, as published', () => changed('timeDelta', [0, 1])],
  'sampling.clip': [
    'keeps every estimate within the data',
    async () => {
      const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));
      assert.equal(largest(await follows({ clip: true })), 1);
      assert.ok(largest(await follows({ clip: false })) > 1);
    },
  ],
  'sampling.guidance': [
    'goes from the unlabelled answer past the labelled one',
    async () => {
      for (const guidance of [0, 1, 2]) {
        const config = configure({ diffusion: { prediction: 'x' }, sampling: { steps: 1, guidance } });
        const rin = new Scripted(config, (x) => {
          const rows = Array.from({ length: x.shape[0] }, (_, i) => (i < 2 ? 0.2 : 0.1)); // the unlabelled come behind
          return { prediction: filled(rows, [1, 4, 6]) };
        });
        const result = await run(rin, config, { seeds, condition: classRows(0, 1) });
        nearAll(result, new Array(result.length).fill((1 + guidance) * 0.2 - guidance * 0.1), 1e-6, `${guidance}`);
      }
    },
  ],
  ...Object.fromEntries(
    (['guidanceFrom', 'guidanceTo'] as const).map((key) => [
      `sampling.${key}`,
      [
        'ends the signal levels that are guided; outside there is one pass, and the labelled answer',
        async () => {
          const sizes: number[][] = [];
          for (const limit of [0.4, 0.5]) {
            const { result, passes } = await sampled(
              { guidance: 2, steps: 6, [key]: limit },
              { condition: classRows(0, 1) },
            );
            // The network answers 1.2 x_t with and without a class, so guidance changes the cost alone.
            const expected = passes.map(({ gamma: [gamma] }) =>
              (key === 'guidanceFrom' ? gamma >= limit : gamma <= limit) ? 4 : 2,
            );
            assert.ok(expected.includes(2) && expected.includes(4));
            assert.deepEqual(
              passes.map(({ gamma }) => gamma.length),
              expected,
            );
            nearAll(result, await follows({ steps: 6 }), 1e-4);
            sizes.push(expected);
          }
          assert.notDeepEqual(sizes[0], sizes[1]);
        },
      ],
    ]),
  ),
  'sampling.latents': [
    'is how many latents compute, over equal stretches of the steps',
    async () => {
      for (const [latents, expected] of [
        [4, [4, 4, 4, 4, 4, 4]],
        [
          [3, 5],
          [3, 3, 3, 5, 5, 5],
        ],
        [
          [3, 4, 5, 4],
          [3, 3, 4, 5, 5, 4],
        ],
        [undefined, [5, 5, 5, 5, 5, 5]],
      ] as const) {
        const { passes } = await sampled({ steps: 6, latents });
        assert.deepEqual(
          passes.map(({ count }) => count),
          expected,
        );
      }
    },
  ],
  'sampling.guidanceLatents': [
    'is how many latents compute in the unlabelled pass, which is then a pass of its own',
    async () => {
      const { passes } = await sampled(
        { steps: 4, guidance: 1, latents: [4, 5], guidanceLatents: 4 },
        { condition: classRows(0, 1) },
      );
      assert.deepEqual(
        passes.map(({ count, gamma, condition }) => [count, gamma.length, condition !== undefined]),
        [
          [4, 4, true], // equal numbers: one pass of twice the batch
          [4, 4, true],
          [5, 2, true],
          [4, 2, false],
          [5, 2, true],
          [4, 2, false],
        ],
      );
    },
  ],
  'sampling.momentum': [
    'is the share of the old latents in those that are carried on',
    async () => {
      for (const momentum of [0, 0.5]) {
        const { passes } = await sampled({ momentum });
        // pass i leaves i; carried ← momentum · carried + (1 - momentum) · i
        let carried = 0;
        for (const [i, { latents }] of passes.entries()) {
          if (i > 0) nearAll(latents ?? [], new Array(2 * 5 * 16).fill(carried), 1e-6, `pass ${i + 1}`);
          carried = momentum * carried + (1 - momentum) * (i + 1);
        }
      }
    },
  ],
};
