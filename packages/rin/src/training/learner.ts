import { setImmediate, setTimeout } from 'node:timers/promises';
import { isOutOfMemory, RinError } from '@rin/core';
import {
  clipGradNorm,
  type Named,
  noGrad,
  norms,
  type Optimizer,
  Recomputation,
  releaseFreeMemory,
  scope,
  stack,
  type Tensor,
  workableDtype,
  zeros,
} from '@rin/torch';
import type { Config } from '../config/config.js';
import { sampleLength } from '../data/dataset.js';
import type { Batch } from '../data/loader.js';
import { fewestTrained } from '../diffusion/latentDrop.js';
import { type Draw, trainingLoss } from '../diffusion/objective.js';
import { RIN } from '../model/rin.js';
import type { LearnerState } from '../runs/checkpoint.js';
import { Averages, mainAverage } from './averages.js';
import { largestDivisor } from './largestDivisor.js';
import { rateShare } from './learningRate.js';
import { createOptimizer } from './optimizer.js';
import type { Compute } from './resources/compute.js';
import { halved, tooLarge } from './resources/outOfMemory.js';

/** Attempts at a single sample before training fails, and ms between them: another process may hold the memory for a while. */
const [attempts, pause] = [3, 500];

/** Loss and gradient norm of one update of the weights. */
export interface Update {
  /** mean over the batch */
  readonly loss: number;
  /** of all gradients together, before clipping */
  readonly gradientNorm: number;
}

/**
 * A network in training: its weights, their averages and the optimiser. It does not use files or the time of day. Dispose it,
 * because the garbage collector frees its memory late.
 */
export class Learner implements Disposable {
  readonly averages: Averages;
  readonly compute: Compute;
  readonly #config: Config;
  readonly #meanSquare: number;
  readonly #network: RIN;
  readonly #weights: Named;
  readonly #optimizer: Optimizer;
  #microBatch: number;

  /** @param meanSquare mean of x² over the data, with x in [−1, 1] */
  constructor(config: Config, meanSquare: number, compute: Compute) {
    const { model, training, seed } = config;
    this.#config = config;
    this.#meanSquare = meanSquare;
    this.compute = compute;
    this.#microBatch = mostAtOnce(config);
    this.#network = new RIN(model, { seed }).to(compute.device);
    this.#weights = this.#network.parameters();
    this.averages = new Averages(model, { [mainAverage]: training.ema }, compute.device);
    this.averages.start(this.#weights); // reference: the authors' code starts the average from other random weights
    this.#optimizer = createOptimizer(training, this.#weights, workableDtype(compute.dtype, compute.device));
  }

  /** Number of weights: single numbers, not tensors. */
  get parameterCount(): number {
    return Object.values(this.#weights).reduce((sum, { size }) => sum + size, 0);
  }

  /** Live tensors by the name of their part of a checkpoint: `weights`, each average, and `optimizer`. */
  get tensors(): LearnerState['parts'] {
    return { weights: this.#weights, ...this.averages.parts, optimizer: this.#optimizer.tensors };
  }

  /** The part of a checkpoint that is not counters. */
  get state(): LearnerState {
    const isHalved = this.#microBatch < mostAtOnce(this.#config);
    return { parts: this.tensors, ...(isHalved && { microBatch: this.#microBatch }) };
  }

  /** Norm of weights and averages together. It is not finite if a value is not finite or too large to be squared. */
  norm(): number {
    const all = [this.#weights, ...Object.values(this.averages.parts)].flatMap((part) => Object.values(part));
    return scope(() => noGrad(() => stack(norms(all)).norm().item()));
  }

  /**
   * Copies the tensors of a checkpoint and disposes them. It also takes over the micro-batch of the checkpoint.
   * @throws RinError if names or shapes of tensors differ from this network and optimiser
   */
  restore({ parts, microBatch }: LearnerState): void {
    const own = this.tensors;
    for (const part of new Set([...Object.keys(parts), ...Object.keys(own)])) {
      const misfit = firstMisfit(parts[part] ?? {}, own[part] ?? {});
      if (misfit)
        throw new RinError(
          `the checkpoint's ${part} do not fit this version of the network: ${misfit}; start a new run`,
        );
    }
    noGrad(() => {
      for (const [part, to] of Object.entries(own))
        for (const [name, tensor] of Object.entries(to)) tensor.copy_(parts[part][name]);
    });
    for (const part of Object.values(parts)) for (const tensor of Object.values(part)) tensor.dispose();
    if (microBatch !== undefined)
      this.#microBatch = largestDivisor(this.#config.training.batch, Math.min(microBatch, this.#microBatch));
  }

  /** The garbage collector frees the working memory of the optimiser. */
  [Symbol.dispose](): void {
    for (const part of Object.values(this.tensors)) for (const tensor of Object.values(part)) tensor.dispose();
  }

  /** Samples in one pass: `training.microBatch`, or fewer if memory ran out. */
  get microBatch(): number {
    return this.#microBatch;
  }

  /**
   * Updates the weights by one batch. The event loop runs after every micro-batch, so that signals are handled.
   * @param images  images seen before
   * @param updates updates made before
   * @throws RinError if memory does not suffice for a single sample
   */
  async update(given: Batch, images: number, updates: number): Promise<Update> {
    const { training } = this.#config;
    const losses = await this.#gatherGradients(given, images, updates);
    const found = scope(() =>
      noGrad(() => {
        // An update moves all weights, so that their state does not depend on the part of the network that a batch used.
        for (const weight of Object.values(this.#weights))
          weight.grad ??= zeros(weight.shape, { device: weight.device });
        const norm = clipGradNorm(this.#weights, training.clipNorm || Number.POSITIVE_INFINITY);
        this.#optimizer.updates = updates;
        this.#optimizer.step({ lrScale: rateShare(training, images) });
        this.#optimizer.zeroGrad();
        this.averages.update(this.#weights, updates + 1);
        return stack([stack(losses).mean(), norm]).toTypedArray(); // the one wait for the device
      }),
    );
    for (const loss of losses) loss.dispose();
    return { loss: Number(found[0]), gradientNorm: Number(found[1]) };
  }

  /**
   * Leaves the gradients of a batch on the weights. If memory runs out, it starts again with smaller passes. The random draws
   * stay the same, because they depend on the position of a sample. Only dropout changes: it is drawn for each micro-batch.
   * @returns the loss of each micro-batch
   */
  async #gatherGradients(given: Batch, images: number, updates: number): Promise<Tensor[]> {
    const { batch } = this.#config.training;
    for (let attempt = 1; ; ) {
      const losses: Tensor[] = [];
      try {
        for (let offset = 0; offset < batch; offset += this.#microBatch) {
          const draw = { position: images + offset, offset, total: batch, step: updates };
          losses.push(this.#pass(part(given, offset, this.#microBatch), draw));
          await setImmediate();
        }
        return losses;
      } catch (error) {
        for (const loss of losses) loss.dispose();
        this.#optimizer.zeroGrad();
        if (!isOutOfMemory(error)) throw error;
        releaseFreeMemory(); // small free pieces serve neither tensors nor kernels that are made at run time
        const smaller = halved(this.#microBatch, batch);
        if (smaller > 0) this.#microBatch = smaller;
        else if (attempt++ < attempts) await setTimeout(pause);
        else throw tooLarge('a single sample');
      }
    }
  }

  /**
   * Seconds of a forward and a backward pass over blank samples. The pass changes nothing.
   * @param count number of samples
   * @throws TorchError if memory runs out
   */
  timePass(count: number): number {
    const { classes } = this.#network.sample;
    const pixels = new Uint8Array(count * sampleLength(this.#network.sample.shape));
    const labels = Int32Array.from({ length: count }, (_, i) => (classes > 0 ? i % classes : -1));
    const began = performance.now();
    try {
      this.#pass({ pixels, labels }, { position: 0, offset: 0, total: count, step: 0 }).dispose();
      scope(() => Object.values(this.#weights)[0].grad?.sum().item()); // waits for the device
    } finally {
      this.#optimizer.zeroGrad();
    }
    return (performance.now() - began) / 1000;
  }

  /** A forward and a backward pass of a micro-batch. It adds its share to the gradients and returns its loss. */
  #pass(given: Batch, place: Pick<Draw, 'position' | 'offset' | 'total' | 'step'>): Tensor {
    const { seed, model, diffusion, training } = this.#config;
    const fewestLatents = fewestTrained(model, training.latentDrop);
    return scope(() => {
      const draw = { ...place, seed, dtype: this.compute.dtype, meanSquare: this.#meanSquare, fewestLatents };
      const recompute = training.recompute ? new Recomputation() : undefined;
      const loss = trainingLoss(this.#network, diffusion, given, draw, recompute);
      const part = loss.mul(given.labels.length / place.total);
      if (recompute) recompute.backward(part);
      else part.backward();
      return loss.detach();
    });
  }
}

/** Samples in one pass unless memory runs out. */
const mostAtOnce = ({ training }: Config): number => training.microBatch ?? training.batch;

/** Name and shape of the first tensor that is missing or has another shape on one side; undefined if both sides agree. */
function firstMisfit(from: Named, to: Named): string | undefined {
  const describe = (tensors: Named) =>
    Object.entries(tensors).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
  const known = new Set(describe(to));
  return describe(from).find((text) => !known.delete(text)) ?? [...known][0];
}

/** `count` samples of a batch, from `first` on. */
function part({ pixels, labels, sequences }: Batch, first: number, count: number): Batch {
  const end = first + count;
  const cut = <T extends Uint8Array | Float32Array>(all: T): T => {
    const sample = all.length / labels.length;
    return all.subarray(first * sample, end * sample) as T;
  };
  return {
    pixels: cut(pixels),
    labels: labels.subarray(first, end),
    ...(sequences && { sequences: cut(sequences) }),
  };
}
