import { conditionTokens, geometry, lengthOf, warmParts } from '@rin/core';
import type { Config } from '../../config/config.js';
import { imagesOf } from '../../config/duration.js';
import type { Dataset } from '../../data/dataset.js';
import { passesAtOnce } from '../../diffusion/samplingPasses.js';
import { enlargement } from '../../media/grid.js';
import { passValues, recomputedValues, valuesByBlock } from '../../model/passValues.js';
import { RIN } from '../../model/rin.js';
import { isBlockMatrix } from '../optimizer.js';
import { planPreviews } from '../previewPlan.js';
import type { Compute } from './compute.js';

/** Bytes of memory and disk that training needs. */
export interface Cost {
  /** Number of weights: single numbers, not tensors. */
  readonly parameters: number;
  /** Parameters in float32. Gradients and average take as much each. */
  readonly weights: number;
  /** State of the optimiser. */
  readonly optimizer: number;
  /** Copies of the weights in a pass, and working memory of an update. */
  readonly work: number;
  /** Samples that are held in memory. */
  readonly data: number;
  /** Kernels that oneDNN compiles for bfloat16 on the CPU and keeps. */
  readonly kernels: number;
  /** Activations of a micro-batch; an estimate. */
  readonly activations: number;
  /** Activations of a batch of a preview in float32; an estimate. There are no activations of a micro-batch then. */
  readonly preview: number;
  /** All memory; on the CPU it includes Node and libtorch themselves. */
  readonly memory: number;
  /** All memory with another `training.microBatch`. */
  readonly memoryWith: (microBatch: number) => number;
  /** One checkpoint. */
  readonly checkpoint: number;
  /** Largest number of checkpoints at the same time, including the one being written. */
  readonly checkpoints: number;
  /** Most that checkpoints, model and pictures take together. */
  readonly disk: number;
}

/** Memory of the backward pass on top of the activations, as a share of them (bench/trainingMemory.mjs). */
const passBack = 0.3;

/**
 * Memory of freed tensors that lies between the tokens of two blocks, as a multiple of these tokens, if blocks are computed again.
 * The tensors of the next block do not all fit there. Found with 2 to 8 blocks and batches of 16 to 128. To give it back at each
 * block would cost 40 % more time, in page faults.
 */
const unusedGaps = 6;

/** Bytes of Node, libtorch and other loaded code, without tensors (bench/trainingMemory.mjs). */
const program = 245e6;

/**
 * Bytes of oneDNN's kernels for one number of samples in a pass, forward and backward. They were 17 to 31 MB for the presets,
 * whatever the widths (`node bench/trainingMemory.mjs --kernels NAME`).
 */
const kernelsOfSize = 24e6;

/** Bytes of 1,024 kernels, the most that oneDNN keeps. */
const mostKernels = 360e6;

/** Tensors of the size of the samples, besides those of the network: uint8, x, eps, x_t, … */
const pixelTensors = 8;

/** Batches of the loader in uint8: the present one, the next one, and one that the collector has not freed yet. */
const loaderBatches = 3;

/** Memory and disk space that a training needs. It allocates no weights. @param data the samples, as far as they are known */
export function trainingCost(config: Config, compute: Compute, data: Pick<Dataset, 'memory'> = {}): Cost {
  const { training } = config;
  const network = new RIN(config.model, { seed: null });
  const all = Object.entries(network.parameters());
  const width = widthOf(compute);
  const parameters = all.reduce((sum, [, { size }]) => sum + size, 0);
  const matrices = all.filter(([name, tensor]) => training.optimizer.kind === 'muon' && isBlockMatrix(name, tensor));
  const momenta = matrices.reduce((sum, [, { size }]) => sum + size, 0);
  // Muon's iteration keeps two matrices [m, n] and two [m, m], m ≤ n. Two copies of the gradients come on top (8·momenta).
  const iteration = matrices.reduce(
    (sum, [, { size, shape }]) => sum + 2 * width * (size + Math.min(...shape) ** 2),
    0,
  );
  for (const [, tensor] of all) tensor.dispose();

  const weights = 4 * parameters;
  const optimizer = 4 * (2 * parameters - momenta);
  const work = width * parameters + iteration + 8 * momenta;
  const held = data.memory ?? 0;
  const kernels = compute.device === 'cpu' && compute.dtype === 'bfloat16' ? kernelsOf(config) : 0;
  const always = kernels + 2 * weights + optimizer + iteration + held + (compute.device === 'cpu' ? program : 0);
  const memoryWith = (microBatch: number): number => {
    const given = { ...config, training: { ...training, microBatch } };
    const update = weights + (work - iteration) + activationsOf(given, width);
    return Math.round(always + Math.max(update, weights + previewOf(given)));
  };
  const microBatch = training.microBatch ?? training.batch;
  const checkpoint = 2 * weights + optimizer;
  const made =
    Math.ceil(training.images / imagesOf(training.checkpointEvery, training)) + (training.init === undefined ? 0 : 1);
  const checkpoints = Math.min(training.keepCheckpoints + 1, made);
  const disk = checkpoints * checkpoint + 2 * weights + pictures(config); // a new model is written before the old one goes
  return {
    ...{ parameters, weights, optimizer, work, data: held, kernels },
    activations: activationsOf(config, width),
    preview: previewOf(config),
    ...{ memory: memoryWith(microBatch), memoryWith, checkpoint, checkpoints, disk },
  };
}

const widthOf = ({ dtype }: Compute): number => (dtype === 'bfloat16' ? 2 : 4);

const pixelsOf = ({ model }: Config): number => lengthOf([model.channels, ...geometry(model).size]);

/**
 * oneDNN compiles kernels for every new number of samples in a pass, and keeps up to 1,024. The numbers are those of the timed
 * passes, which grow eightfold, and those of the first passes of self-conditioning, which vary with `mask`.
 */
function kernelsOf({ training, diffusion, model }: Config): number {
  const { batch, microBatch = batch, optimizer } = training;
  const { selfConditioningRate: rate, selfConditioningBy } = diffusion;
  const timed = 1 + Math.ceil(Math.log(microBatch) / Math.log(8));
  const deviation = Math.sqrt(microBatch * rate * (1 - rate)); // of the number of samples with an earlier estimate
  const varying =
    selfConditioningBy === 'mask' && warmParts(model).length > 0 ? Math.min(microBatch, 6 * deviation) : 0;
  const updates = optimizer.kind === 'muon' ? 1 : 0; // its products are compiled too
  return Math.round(Math.min(mostKernels, kernelsOfSize * (timed + updates + varying / 4))); // first passes have no backward pass
}

/** Activations of a micro-batch, and the batches that are loaded. @param width bytes of a value */
function activationsOf(config: Config, width: number): number {
  const { batch, microBatch = batch } = config.training;
  const values = width * valuesInPass(config);
  return Math.round(
    microBatch * (4 * pixelTensors * pixelsOf(config) + values) + loaderBatches * batch * pixelsOf(config),
  );
}

/**
 * Most values of a sample in a forward and a backward pass. If blocks are computed again, the gradients of one block take about as
 * much as its activations.
 */
function valuesInPass({ model, training }: Config): number {
  if (!training.recompute) return (1 + passBack) * passValues(model);
  const { blocks, between } = valuesByBlock(model);
  return recomputedValues(model) + Math.max(...blocks) + unusedGaps * blocks.length * between;
}

/** Activations of a batch of a preview in float32; with guidance of two passes. The carried state stays from step to step. */
function previewOf(config: Config): number {
  const plan = planPreviews(config);
  if (!plan) return 0;
  const { model, sampling } = config;
  const { predicted } = geometry(model);
  const parts = warmParts(model);
  const carried =
    (parts.includes('latents') ? model.latents * model.latentDim : 0) +
    (parts.includes('interface') ? predicted.tokens * model.interfaceDim : 0) +
    (parts.includes('data') ? pixelsOf(config) : 0);
  const passes = passesAtOnce(sampling, conditionTokens(model) > 0);
  const picture = passes * (passValues(model) + pixelTensors * pixelsOf(config)) + (passes + 1) * carried;
  return Math.round(4 * plan.batch * picture + plan.layout.classes.length * pixelsOf(config));
}

/** Bytes of the previews and of the pictures of the data without compression. */
function pictures(config: Config): number {
  const plan = planPreviews(config);
  if (!plan) return 0;
  const shape = [config.model.channels, ...geometry(config.model).size];
  const scale = enlargement({ shape, data: new Uint8Array() });
  return (1 + plan.number) * plan.layout.classes.length * lengthOf(shape) * scale ** 2;
}
