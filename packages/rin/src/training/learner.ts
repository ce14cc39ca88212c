import { setImmediate, setTimeout } from 'node:timers/promises';
import { isOutOfMemory, lengthOf, RinError } from '@rin/core';
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
  tensor,
  workableDtype,
  zeros,
} from '@rin/torch';
import type { Config } from '../config/config.js';
import type { Batch } from '../data/loader.js';
import { fewestTrained } from '../diffusion/latentDrop.js';
import { type Draw, trainingLoss } from '../diffusion/objective.js';
import { RIN } from '../model/rin.js';
import type { LearnerState } from '../runs/checkpoint.js';
import { Averages, mainAverage } from './averages.js';
import { largestDivisor } from './largestDivisor.js';
import { rateShare } from './learningRate.js';
import { createOptimizer } from './optimizer.js';
import { alone, type Ranks, shareOf } from './ranks.js';
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

/** The mean loss of a micro-batch, and how many samples it has. */
interface Pass {
  readonly loss: Tensor;
  readonly samples: number;
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
  readonly #ranks: Ranks;
  #microBatch: number;

  /**
   * @param meanSquare mean of x² over the data, with x in [−1, 1]
   * @param ranks the processes that train the same network
   */
  constructor(config: Config, meanSquare: number, compute: Compute, ranks: Ranks = alone) {
    const { model, training, seed } = config;
    this.#config = config;
    this.#meanSquare = meanSquare;
    this.#ranks = ranks;
    this.compute = compute;
    this.#microBatch = this.#mostAtOnce;
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
    const isHalved = this.#microBatch < this.#mostAtOnce;
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

  /** The part of each batch that this process computes, from the first number to below the second. */
  get part(): readonly [number, number] {
    return shareOf(this.#config.training.batch, this.#ranks);
  }

  /** Samples in one pass unless memory runs out. */
  get #mostAtOnce(): number {
    const { batch, microBatch = batch } = this.#config.training;
    const [from, to] = this.part;
    return Math.min(microBatch, to - from);
  }

  /** Samples in one pass: `training.microBatch`, or fewer if memory ran out. */
  get microBatch(): number {
    return this.#microBatch;
  }

  /**
   * Updates the weights by one batch. The event loop runs after every micro-batch, so that signals are handled.
   * @param given   this process's part of the batch (`part`)
   * @param images  images seen before
   * @param updates updates made before
   * @throws RinError if memory does not suffice for a single sample
   * @throws RankError if another rank is missing
   */
  async update(given: Batch, images: number, updates: number): Promise<Update> {
    const { training } = this.#config;
    const passes = await this.#gatherGradients(given, images, updates);
    using loss = scope(() => noGrad(() => this.#meanLoss(passes)));
    for (const pass of passes) pass.loss.dispose();
    // An update moves all weights, so that their state does not depend on the part of the network that a batch used.
    scope(() => {
      for (const weight of Object.values(this.#weights)) weight.grad ??= zeros(weight.shape, { device: weight.device });
    });
    await this.#addUp(loss);
    const found = scope(() =>
      noGrad(() => {
        const norm = clipGradNorm(this.#weights, training.clipNorm || Number.POSITIVE_INFINITY);
        this.#optimizer.updates = updates;
        this.#optimizer.step({ lrScale: rateShare(training, images) });
        this.#optimizer.zeroGrad();
        this.averages.update(this.#weights, updates + 1);
        return stack([loss, norm]).toTypedArray(); // the one wait for the device
      }),
    );
    return { loss: Number(found[0]), gradientNorm: Number(found[1]) };
  }

  /** This process's share of the mean loss over the batch: all of it if there are no other ranks. */
  #meanLoss(passes: readonly Pass[]): Tensor {
    const { batch } = this.#config.training;
    const [from, to] = this.part;
    const losses = stack(passes.map(({ loss }) => loss));
    const isEven = passes.every(({ samples }) => samples === passes[0].samples);
    const weights = () => tensor(passes.map(({ samples }) => samples / (to - from))).to(losses.device);
    const mean = isEven ? losses.mean() : losses.mul(weights()).sum();
    return to - from === batch ? mean : mean.mul((to - from) / batch);
  }

  /** Replaces the loss and the gradients by their sums over the ranks. Each has its share of the mean over the batch. */
  async #addUp(loss: Tensor): Promise<void> {
    if (this.#ranks.count === 1) return;
    const gradients = Object.values(this.#weights).flatMap(({ grad }) => grad ?? []);
    await this.#ranks.sum([loss, ...gradients]);
    for (const gradient of gradients) gradient.dispose(); // only these handles: the weights keep their gradients
  }

  /**
   * Leaves the gradients of a batch on the weights. If memory runs out, it starts again with smaller passes. The random draws
   * stay the same, because they depend on the position of a sample. Only dropout changes: it is drawn for each micro-batch.
   * @returns the loss of each micro-batch
   */
  async #gatherGradients(given: Batch, images: number, updates: number): Promise<Pass[]> {
    const { batch } = this.#config.training;
    const [from, to] = this.part;
    for (let attempt = 1; ; ) {
      const passes: Pass[] = [];
      try {
        for (let offset = from; offset < to; offset += this.#microBatch) {
          const draw = { position: images + offset, offset, total: batch, step: updates };
          const samples = Math.min(this.#microBatch, to - offset);
          passes.push({ loss: this.#pass(part(given, offset - from, samples), draw), samples });
          await setImmediate();
        }
        return passes;
      } catch (error) {
        for (const { loss } of passes) loss.dispose();
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
    const pixels = new Uint8Array(count * lengthOf(this.#network.sample.shape));
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
