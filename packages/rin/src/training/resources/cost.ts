import { geometry } from '@rin/core';
import type { Config } from '../../config/config.js';
import { sampleLength } from '../../data/dataset.js';
import { enlargement } from '../../media/grid.js';
import { passValues } from '../../model/passValues.js';
import { RIN } from '../../model/rin.js';
import { hasPreviews } from '../../runs/runDirectory.js';
import { isBlockMatrix } from '../optimizer.js';
import { previewLayout } from '../preview.js';
import type { Compute } from './compute.js';

/** Bytes of memory and disk that training needs. */
export interface Cost {
  /** Parameters in float32. Gradients and average take as much each. */
  readonly weights: number;
  /** State of the optimiser. */
  readonly optimizer: number;
  /** Copies of the weights in a pass, and working memory of an update. */
  readonly work: number;
  /** Activations of a micro-batch; an estimate. */
  readonly activations: number;
  /** Activations of a preview in float32; an estimate. There are no activations of a micro-batch then. */
  readonly preview: number;
  /** All memory; on the CPU it includes Node and libtorch themselves. */
  readonly memory: number;
  /** One checkpoint. */
  readonly checkpoint: number;
  /** Largest number of checkpoints at the same time, including the one being written. */
  readonly checkpoints: number;
  /** Most that checkpoints, model and pictures take together. */
  readonly disk: number;
}

/** Memory of the backward pass on top of the activations, as a share of them (bench/trainingMemory.mjs). */
const passBack = 0.3;

/** Bytes of Node, libtorch and other loaded code, without tensors (bench/trainingMemory.mjs). */
const program = 230e6;

/** Memory and disk space that a training needs. It allocates no weights. */
export function trainingCost(config: Config, { device, dtype }: Compute): Cost {
  const { training } = config;
  const network = new RIN(config.model, { seed: null });
  const parameters = Object.entries(network.parameters());
  const width = dtype === 'bfloat16' ? 2 : 4;
  const values = parameters.reduce((sum, [, { size }]) => sum + size, 0);
  const matrices = parameters.filter(
    ([name, tensor]) => training.optimizer.kind === 'muon' && isBlockMatrix(name, tensor),
  );
  const momenta = matrices.reduce((sum, [, { size }]) => sum + size, 0);
  // Muon's iteration keeps two matrices [m, n] and two [m, m], m ≤ n. Two copies of the gradients come on top (8·momenta).
  const iteration = matrices.reduce(
    (sum, [, { size, shape }]) => sum + 2 * width * (size + Math.min(...shape) ** 2),
    0,
  );
  for (const [, tensor] of parameters) tensor.dispose();

  const weights = 4 * values;
  const optimizer = 4 * (2 * values - momenta);
  const work = width * values + iteration + 8 * momenta;
  const pixels = 8 * 4 * sampleLength([config.model.channels, ...geometry(config.model).size]); // uint8, x, eps, x_t, …
  const micro = training.microBatch ?? training.batch;
  const activations = Math.round(micro * (pixels + width * (1 + passBack) * passValues(config.model)));
  const preview = hasPreviews(config) ? 4 * previewLayout(config, []).classes.length * passValues(config.model) : 0;
  const memory = 3 * weights + optimizer + work + Math.max(activations, preview) + (device === 'cpu' ? program : 0);
  const checkpoint = 2 * weights + optimizer;
  const made = Math.ceil(training.images / training.checkpointEvery) + (training.init === undefined ? 0 : 1);
  const checkpoints = Math.min(training.keepCheckpoints + 1, made);
  const disk = checkpoints * checkpoint + 2 * weights + pictures(config); // a new model is written before the old one goes
  return { weights, optimizer, work, activations, preview, memory, checkpoint, checkpoints, disk };
}

/** Bytes of the previews and of the pictures of the data without compression. */
function pictures(config: Config): number {
  if (!hasPreviews(config)) return 0;
  const { images, sampleEvery } = config.training;
  const shape = [config.model.channels, ...geometry(config.model).size];
  const scale = enlargement({ shape, data: new Uint8Array() });
  return (2 + images / sampleEvery) * previewLayout(config, []).classes.length * sampleLength(shape) * scale ** 2;
}
