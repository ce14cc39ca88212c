import { latentSlots } from '@rin/core';
import type { Config } from '../config/config.js';
import { samplingFlops } from '../diffusion/samplingFlops.js';
import { passFlops, totalOf } from '../model/flops.js';
import { type ModelPart, modelParts, parametersByPart } from '../model/parts.js';
import { passValues, recomputedValues } from '../model/passValues.js';
import { type TrainingFlops, trainingFlops } from '../training/passes.js';
import { type Tokens, tokensOf } from '../training/resources/tokens.js';

/** A part of a network and what it costs. */
export interface PartCost {
  readonly part: ModelPart;
  /** number of weights: single numbers, not tensors */
  readonly parameters: number;
  /** floating-point operations in a forward pass of one sample */
  readonly flops: number;
}

/** What a network costs. Operations count multiplications and additions of all products, each as one. */
export interface Inspection {
  readonly name: string;
  /** of a sample: a side, or [length], [height, width], [frames, height, width] */
  readonly size: Config['model']['size'];
  readonly tokens: Tokens;
  /** in the order of a pass; parts that the network does not have are left out */
  readonly parts: readonly PartCost[];
  readonly parameters: number;
  /** operations of a forward pass of one sample */
  readonly passFlops: number;
  /** operations of a forward pass with a quarter, a half, … of the learned latents; time and condition tokens count among the latents */
  readonly byLatents: readonly { readonly latents: number; readonly passFlops: number }[];
  /** operations to draw one sample with the `sampling` section */
  readonly samplingFlops: number;
  /** operations for one sample of training */
  readonly trainingFlops: TrainingFlops;
  /** bytes of the activations that one sample of training keeps in float32: as they are, and with `training.recompute` */
  readonly activations: { readonly kept: number; readonly recomputed: number };
}

/** Counts parameters, operations and activations of a network. It builds the network, without values. */
export function inspect(config: Config): Inspection {
  const { name, model } = config;
  const [numbers, { pass }] = [parametersByPart(model), passFlops(model)];
  const all = modelParts.map((part) => ({ part, parameters: numbers[part], flops: pass[part] }));
  const parts = all.filter(({ parameters, flops }) => parameters > 0 || flops > 0);
  return {
    name,
    size: model.size,
    tokens: tokensOf(config),
    parts,
    parameters: parts.reduce((sum, { parameters }) => sum + parameters, 0),
    passFlops: parts.reduce((sum, { flops }) => sum + flops, 0),
    byLatents: byLatents(config),
    samplingFlops: samplingFlops(config),
    trainingFlops: trainingFlops(config),
    activations: { kept: 4 * passValues(model), recomputed: 4 * recomputedValues(model) },
  };
}

function byLatents({ model }: Config): Inspection['byLatents'] {
  const { learned } = latentSlots(model);
  const numbers = [1, 2, 3, 4].map((quarter) => model.latents - learned + Math.ceil((learned * quarter) / 4));
  return [...new Set(numbers)].map((latents) => ({ latents, passFlops: totalOf(passFlops(model, latents).pass) }));
}
