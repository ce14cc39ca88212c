import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { mpsAvailable, profile } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { Learner } from '../../src/training/learner.js';
import { chooseCompute } from '../../src/training/resources/compute.js';
import { batchOf } from '../diffusion/training.js';
import { near } from '../model/reference/near.js';
import { tiny } from '../training/tiny.js';
import type { Cases } from './case.js';

/** Every weight moves by the learning rate in its first update, whatever its gradient. */
const signs = { optimizer: { kind: 'adamw', epsilon: 1e-20 }, weightDecay: 0, learningRate: 0.5 };
/** Every weight moves by its gradient in its first update: one of 1e6 is divided by an ε of 1e6. */
const plain = { optimizer: { kind: 'adamw', epsilon: 1e6 }, weightDecay: 0, learningRate: 1e6 };

const setting = (training: object): Config => tiny({ model: { dropout: 0 }, training: { microBatch: 8, ...training } });

const numbers = (tensors: Learner['tensors']['weights']): number[] =>
  Object.values(tensors).flatMap((part) => Array.from(part.toTypedArray(), Number));

/** Updates of a fresh network by one batch, from a place in the run; all weights before and after, and their average. */
async function learn(config: Config, { images = 0, updates = 1 } = {}) {
  const learner = new Learner(config, 0.3, chooseCompute(config.training));
  const batch = batchOf(config.training.batch, 64);
  batch.labels.forEach((label, i) => {
    batch.labels[i] = Math.min(label, 1);
  });
  const weights = [numbers(learner.tensors.weights)];
  let loss = 0;
  let gradientNorm = 0;
  for (let i = 0; i < updates; i++) {
    ({ loss, gradientNorm } = await learner.update(batch, images, i));
    weights.push(numbers(learner.tensors.weights));
  }
  return { loss, gradientNorm, weights, average: numbers(learner.tensors.average) };
}

const furthest = (from: number[], to: number[]): number =>
  from.reduce((most, value, i) => Math.max(most, Math.abs(to[i] - value)), 0);

/** The share of its peak that the learning rate has after so many of 960 images. */
async function rateAt(training: object, images: number): Promise<number> {
  const { weights } = await learn(setting({ ...signs, images: 960, warmup: 0, clipNorm: 0, ...training }), { images });
  return furthest(weights[0], weights[1]) / 0.5;
}

/** The share of the average that the last of some updates kept; the one before must be known to have kept none. */
async function keptAt(ema: object, updates: number): Promise<number> {
  const { weights, average } = await learn(setting({ ...signs, warmup: 0, ema }), { updates });
  const [before, after] = weights.slice(-2);
  const most = before.findIndex((value, i) => Math.abs(after[i] - value) === furthest(before, after));
  return (average[most] - after[most]) / (before[most] - after[most]);
}

/** How often the event loop turns during an update. */
async function turns(microBatch: number): Promise<number> {
  let count = 0;
  let ended = false;
  const watch = (async () => {
    for (; !ended; count++) await setImmediate();
  })();
  await learn(setting({ microBatch }));
  ended = true;
  await watch;
  return count;
}

/** Forward passes of attention in a pass of training. */
async function attentions(config: Config): Promise<number> {
  const names = ['aten::scaled_dot_product_attention', 'rin::attention']; // the second one where the addon computes it
  using learner = new Learner(config, 0.3, chooseCompute(config.training));
  const times = await profile(() => learner.timePass(1));
  return times.reduce((sum, { operator, calls }) => sum + (names.includes(operator) ? calls : 0), 0);
}

// The weights are float32 of about 0.1: what they move by is known to some 1e-7.
export const cases: Cases = {
  'training.warmup': [
    'raises the learning rate from 0',
    async () => {
      near(await rateAt({ warmup: 480 }, 0), 0, 0);
      near(await rateAt({ warmup: 480 }, 120), 0.25, 1e-5);
      near(await rateAt({ warmup: 0 }, 0), 1, 1e-5);
    },
  ],
  'training.latentDrop': [
    'leaves learned latents without a gradient if no sample uses them',
    async () => {
      // In the first update every weight with a gradient moves. A batch of one sample uses the first latents alone.
      const moved = async (latentDrop: number): Promise<number> => {
        const { latents, latentDim } = tiny().model;
        const config = setting({ ...signs, warmup: 0, batch: 1, microBatch: 1, latentDrop });
        const learner = new Learner(config, 0.3, chooseCompute(config.training));
        const rows = (): number[] => Array.from(learner.tensors.weights.latents.toTypedArray(), Number);
        const before = rows();
        const batch = batchOf(1, 64);
        batch.labels[0] = 0;
        await learner.update(batch, 5, 0);
        const after = rows();
        const learned = after.length / latentDim;
        assert.ok(learned < latents);
        const isMoved = (row: number): boolean =>
          after.slice(row * latentDim, (row + 1) * latentDim).some((value, i) => value !== before[row * latentDim + i]);
        return Array.from({ length: learned }, (_, row) => row).filter(isMoved).length / learned;
      };
      assert.equal(await moved(0), 1);
      const share = await moved(1);
      assert.ok(share > 0 && share < 1, `${share}`);
    },
  ],
  'training.decay': [
    'is constant, or a cosine over the run',
    async () => {
      near(await rateAt({ decay: { kind: 'constant' } }, 720), 1, 1e-5);
      near(await rateAt({ decay: { kind: 'cosine', rate: 1 } }, 720), (1 + Math.cos(0.75 * Math.PI)) / 2, 1e-5);
    },
  ],
  'training.decay.rate': [
    'is the share of the cosine that is walked',
    async () => {
      near(await rateAt({ decay: { kind: 'cosine', rate: 0.5 } }, 960), 0.5, 1e-5);
      near(await rateAt({ decay: { kind: 'cosine', rate: 1 } }, 960), 0, 1e-5);
    },
  ],
  'training.decay.flat': [
    'is the share of the run before the cosine',
    async () => {
      near(await rateAt({ decay: { kind: 'cosine', rate: 1, flat: 0.5 } }, 480), 1, 1e-5);
      near(await rateAt({ decay: { kind: 'cosine', rate: 1, flat: 0 } }, 480), 0.5, 1e-5);
    },
  ],
  'training.clipNorm': [
    'is the most that all gradients together count',
    async () => {
      for (const clipNorm of [0, 0.01]) {
        const { weights, gradientNorm } = await learn(setting({ ...plain, warmup: 0, clipNorm }));
        const moved = Math.hypot(...weights[1].map((value, i) => value - weights[0][i]));
        assert.ok(gradientNorm > 0.1);
        near(moved / (clipNorm || gradientNorm), 1, 1e-3);
      }
    },
  ],
  'training.ema': [
    'is an exponential average or a power one',
    async () => {
      near(await keptAt({ kind: 'exponential' }, 1), 2 / 11, 1e-4);
      near(await keptAt({ kind: 'power' }, 1), 0, 1e-4);
    },
  ],
  'training.ema.decay': [
    'is the share that an update keeps',
    async () => {
      for (const decay of [0.5, 0.9]) near(await keptAt({ kind: 'exponential', decay, rampUp: false }, 1), decay, 1e-4);
    },
  ],
  'training.ema.rampUp': [
    'keeps less at the beginning',
    async () => {
      near(await keptAt({ kind: 'exponential', decay: 0.9, rampUp: true }, 1), 2 / 11, 1e-4);
      near(await keptAt({ kind: 'exponential', decay: 0.9, rampUp: false }, 1), 0.9, 1e-4);
    },
  ],
  'training.ema.exponent': [
    'is the power by which later updates count more',
    async () => {
      for (const exponent of [1, 3]) near(await keptAt({ kind: 'power', exponent }, 2), 0.5 ** (exponent + 1), 1e-4);
    },
  ],
  'training.precision': [
    'is the type of the activations',
    async () => {
      const lossIn = async (precision: string) => (await learn(setting({ precision }))).loss;
      const [exact, rounded, chosen] = [await lossIn('float32'), await lossIn('bfloat16'), await lossIn('auto')];
      assert.ok(rounded !== exact && Math.abs(rounded / exact - 1) < 0.05, `${rounded}, ${exact}`);
      assert.ok(chosen === exact || chosen === rounded);
    },
  ],
  'training.device': [
    'is where it computes; one that is not there is refused',
    async () => {
      await learn(setting({ device: 'cpu' }));
      await assert.rejects(learn(setting({ device: 'cuda:99' })), /training\.device is cuda:99, but libtorch finds/);
      if (!mpsAvailable())
        await assert.rejects(learn(setting({ device: 'mps' })), /training\.device is mps, but libtorch finds no such/);
    },
  ],
  'training.recompute': [
    'computes each block again in the backward pass, and learns the same to the bit',
    async () => {
      const model = { dropout: 0.2, dropPath: 0.2, depth: [2, 2, 2, 2] };
      const settings = [false, true].map((recompute) => tiny({ model, training: { recompute } }));
      const [plain, again] = await Promise.all(settings.map((config) => learn(config, { updates: 2 })));
      assert.deepEqual(again, plain);
      const [once, twice] = [await attentions(settings[0]), await attentions(settings[1])];
      assert.equal(twice - once, 4 * 4); // of four blocks with a read, two compute layers and a write
    },
  ],
  'training.microBatch': [
    'divides a batch into passes without changing what is learned',
    async () => {
      const [whole, parts] = [await learn(setting({ microBatch: 8 })), await learn(setting({ microBatch: 1 }))];
      near(parts.loss / whole.loss, 1, 1e-5);
      near(parts.gradientNorm / whole.gradientNorm, 1, 1e-4);
      assert.ok((await turns(1)) >= (await turns(8)) + 7, 'the event loop turns after each pass');
    },
  ],
};
