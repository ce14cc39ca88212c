import { setImmediate } from 'node:timers/promises';
import { isOutOfMemory, RinError } from '@rin/core';
import { noGrad, norms, releaseFreeMemory, scope, stack, type Tensor } from '@rin/torch';
import type { Config } from '../config/config.js';
import { sampleLength } from '../data/dataset.js';
import type { Batch } from '../data/loader.js';
import { type Draw, trainingLoss } from '../diffusion/objective.js';
import type { Named } from '../model/named.js';
import { RIN } from '../model/rin.js';
import { workableDtype } from '../model/workable.js';
import type { State } from '../runs/checkpoint.js';
import { updateEma } from './averages.js';
import { clipNorm, takeGradients } from './gradients.js';
import { rateShare } from './learningRate.js';
import { createOptimizer } from './optimizers/create.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { Compute } from './resources/compute.js';
import { halved, tooLarge } from './resources/outOfMemory.js';

/** What one update of the weights found. */
export interface Update {
  /** mean over the batch */
  readonly loss: number;
  /** of all gradients together, before clipping */
  readonly gradientNorm: number;
}

/**
 * A network in training: its weights, their average and the optimiser. Knows neither files nor clocks. To be disposed, for
 * the collector comes late.
 */
export class Learner implements Disposable {
  /** The network with the averaged weights, from which samples come. */
  readonly average: RIN;
  readonly compute: Compute;
  readonly #config: Config;
  readonly #meanSquare: number;
  readonly #network: RIN;
  readonly #optimizer: Optimizer;
  #microBatch: number;
  readonly #tensors: { readonly weights: Named; readonly average: Named; readonly optimizer: Named };

  /** @param meanSquare of the data in [-1, 1] */
  constructor(config: Config, meanSquare: number, compute: Compute) {
    this.#config = config;
    this.#meanSquare = meanSquare;
    this.compute = compute;
    this.#microBatch = config.training.microBatch ?? config.training.batch;
    this.#network = new RIN(config.model, { seed: config.seed }).to(compute.device);
    this.average = new RIN(config.model, { seed: null }).to(compute.device);
    const [weights, average] = [this.#network.parameters(), this.average.parameters()];
    this.average.loadParameters(weights); // it starts from a copy (reference: the authors start it from draws of its own)
    for (const tensor of Object.values(average)) tensor.requiresGrad = false;
    this.#optimizer = createOptimizer(config.training, weights, workableDtype(compute.dtype, compute.device));
    this.#tensors = { weights, average, optimizer: this.#optimizer.state };
  }

  /** Number of weights. */
  get parameterCount(): number {
    return Object.values(this.#tensors.weights).reduce((sum, { size }) => sum + size, 0);
  }

  /** Live tensors: what a checkpoint holds beside the counters. */
  get tensors(): Omit<State, 'counters'> {
    return this.#tensors;
  }

  /** Norm of weights and average together: not finite if one of them is not, or too large to be squared. */
  norm(): number {
    const { weights, average } = this.#tensors;
    const all = [...Object.values(weights), ...Object.values(average)];
    return scope(() => noGrad(() => stack(norms(all)).norm().item()));
  }

  /**
   * Takes over the tensors of a checkpoint and disposes them.
   * @throws {RinError} where they are not those of this network and optimiser
   */
  restore(saved: Omit<State, 'counters'>): void {
    for (const part of ['weights', 'average', 'optimizer'] as const) {
      const [from, to] = [saved[part], this.#tensors[part]];
      const describe = (tensors: Named) =>
        Object.entries(tensors).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
      const known = new Set(describe(to));
      const unknown = describe(from).find((text) => !known.delete(text)) ?? [...known][0];
      if (unknown)
        throw new RinError(
          `the checkpoint's ${part} do not fit this version of the network: ${unknown}; start a new run`,
        );
      noGrad(() => {
        for (const [name, tensor] of Object.entries(to)) tensor.copy_(from[name]);
      });
      for (const tensor of Object.values(from)) tensor.dispose();
    }
  }

  /** What an optimiser works in besides is left to the collector. */
  [Symbol.dispose](): void {
    for (const part of Object.values(this.#tensors)) for (const tensor of Object.values(part)) tensor.dispose();
  }

  /** Samples in one pass: `training.microBatch`, or less since memory ran out. */
  get microBatch(): number {
    return this.#microBatch;
  }

  /**
   * One update of the weights by a batch. The event loop turns after every micro-batch, so that signals get in.
   * @param images  seen before
   * @param updates made before
   * @throws {RinError} where there is no memory for a single sample
   */
  async update(given: Batch, images: number, updates: number): Promise<Update> {
    const { training } = this.#config;
    const losses = await this.#gatherGradients(given, images, updates);
    const { weights, average } = this.#tensors;
    const found = scope(() =>
      noGrad(() => {
        const gradients = takeGradients(Object.values(weights));
        const norm = clipNorm(gradients, training.clipNorm);
        this.#optimizer.step(gradients, rateShare(training, images), updates + 1);
        updateEma(training.ema, Object.values(average), Object.values(weights), updates + 1);
        return stack([stack(losses).mean(), norm]).toTypedArray(); // the one wait for the device
      }),
    );
    for (const loss of losses) loss.dispose();
    return { loss: Number(found[0]), gradientNorm: Number(found[1]) };
  }

  /**
   * Leaves the gradients of a batch on the weights. Where memory runs out, all is done again in smaller passes: a draw is a
   * function of the sample's position, so it is the same draw (but for dropout, which is one of the micro-batch).
   * @returns the loss of each micro-batch
   */
  async #gatherGradients(given: Batch, images: number, updates: number): Promise<Tensor[]> {
    const { batch } = this.#config.training;
    for (;;) {
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
        for (const weight of Object.values(this.#tensors.weights)) weight.grad = null;
        if (!isOutOfMemory(error)) throw error;
        releaseFreeMemory(); // else it stays in pieces that are too small, and code made at run time finds no place
        this.#microBatch = halved(this.#microBatch, batch);
        if (this.#microBatch === 0) throw tooLarge('a single sample');
      }
    }
  }

  /**
   * Seconds that a pass forward and back of some blank samples takes; nothing is changed by it.
   * @throws {TorchError} where there is no memory for it
   */
  timePass(count: number): number {
    const { classes } = this.#network.sample;
    const pixels = new Uint8Array(count * sampleLength(this.#network.sample.shape));
    const labels = Int32Array.from({ length: count }, (_, i) => (classes > 0 ? i % classes : -1));
    const began = performance.now();
    try {
      this.#pass({ pixels, labels }, { position: 0, offset: 0, total: count, step: 0 }).dispose();
      scope(() => Object.values(this.#tensors.weights)[0].grad?.sum().item()); // waits for the device
    } finally {
      for (const weight of Object.values(this.#tensors.weights)) weight.grad = null;
    }
    return (performance.now() - began) / 1000;
  }

  /** A pass forward and back of a micro-batch; adds its share to the gradients, and gives its loss. */
  #pass(given: Batch, place: Pick<Draw, 'position' | 'offset' | 'total' | 'step'>): Tensor {
    const { seed, diffusion } = this.#config;
    return scope(() => {
      const draw = { ...place, seed, dtype: this.compute.dtype, meanSquare: this.#meanSquare };
      const loss = trainingLoss(this.#network, diffusion, given, draw);
      loss.mul(given.labels.length / place.total).backward();
      return loss.detach();
    });
  }
}

/** `count` samples of a batch, from `first` on. */
function part({ pixels, labels }: Batch, first: number, count: number): Batch {
  const sample = pixels.length / labels.length;
  const end = first + count;
  return { pixels: pixels.subarray(first * sample, end * sample), labels: labels.subarray(first, end) };
}
