import { conditionTokens, guidanceAt, guide, lengthOf, timeCode, type WarmPart, warmParts } from '@rin/core';
import type { Arrays, Engine } from './engine.js';
import type { Manifest, SamplingKeys } from './manifest.js';
import { Values } from './values.js';

/** What a network carries from step to step, without the batch in its shape. */
export type Carried = Partial<Record<WarmPart, Values>>;

/** The results of a pass. */
export interface PassOutput {
  /** [B, C, ...size] */
  readonly prediction: Values;
  /** final latents and interface, as far as the network carries them */
  readonly carried: Carried;
  /** for each read, how much attention each interface token gets: the sum over the latents, [B, tokens]; absent if not wanted */
  readonly reads?: readonly Float32Array[];
}

/** The inputs of a pass, for B samples. */
export interface PassInput {
  readonly samples: number;
  /** [B, C, ...size], scaled as the network sees it */
  readonly x: Values;
  readonly gamma: number;
  /** [B, classes] or [B, s, d_c]; undefined = none */
  readonly condition?: Float32Array;
  /** given frames [B, C, F, H, W] in [−b, b] */
  readonly given?: Float32Array;
  readonly previous: Carried;
  readonly withReads: boolean;
}

const twice = (data: Float32Array): Float32Array => {
  const both = new Float32Array(2 * data.length);
  both.set(data);
  both.set(data, data.length);
  return both;
};

/** The names of the read maps among the outputs, in the order of the blocks. */
export const readNames = ({ outputs }: Manifest): string[] =>
  Object.keys(outputs)
    .filter((name) => name.startsWith('read_'))
    .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));

/**
 * One pass of the network with guidance (Ho & Salimans 2022, eq. 6): a labelled and an unlabelled half are one pass of twice
 * the batch. Latents, interface and reads are those of the labelled half (reference: the authors' sampler).
 */
export async function pass(
  engine: Engine,
  manifest: Manifest,
  sampling: Pick<SamplingKeys, 'guidance' | 'guidanceFrom' | 'guidanceTo'>,
  { samples, x, gamma, condition, given, previous, withReads }: PassInput,
): Promise<PassOutput> {
  const { inputs, outputs, config } = manifest;
  const weight = condition && conditionTokens(config.model) > 0 ? guidanceAt(sampling, gamma) : 0;
  const isGuided = weight > 0;
  const rows = isGuided ? 2 * samples : samples;
  const zeros = (name: string): Float32Array => new Float32Array(rows * lengthOf(inputs[name]));
  const repeated = (data: Float32Array): Float32Array => (isGuided ? twice(data) : data);
  /** zeros, with the samples' values in the labelled half alone */
  const labelled = (data: Float32Array): Float32Array => {
    const all = zeros('condition');
    all.set(data);
    return all;
  };
  const values: Record<string, () => Float32Array> = {
    x: () => repeated(x.data),
    code: () => Float32Array.from(timeCode(new Array(rows).fill(gamma), inputs.code[0], config.model.timeScaling)),
    condition: () => (condition ? labelled(condition) : zeros('condition')),
    given: () => (given ? repeated(given) : zeros('given')),
  };
  for (const part of warmParts(config.model)) {
    const before = previous[part];
    values[`previous_${part}`] = () => (before ? repeated(before.data) : zeros(`previous_${part}`));
  }
  const feeds: Arrays = Object.fromEntries(
    Object.entries(inputs).map(([name, shape]) => [name, { data: values[name](), dims: [rows, ...shape] }]),
  );
  const carriedOutputs = (['latents', 'interface'] as const).filter((name) => name in outputs);
  const reads = withReads ? readNames(manifest) : [];
  const found = await engine.run(feeds, ['prediction', ...carriedOutputs, ...reads]);
  const half = (name: string): Float32Array => {
    const { data } = found[name];
    return isGuided ? data.slice(0, data.length / 2) : data;
  };
  const first = new Values(half('prediction'));
  const prediction = isGuided
    ? guide(first, new Values(found.prediction.data.slice(first.data.length)), weight)
    : first;
  return {
    prediction,
    carried: Object.fromEntries(carriedOutputs.map((name) => [name, new Values(half(name))])),
    ...(withReads && { reads: reads.map((name) => overLatents(half(name), outputs[name], samples)) }),
  };
}

/** Attention [B, m, n] → its sums over the latents, [B, n]. */
function overLatents(data: Float32Array, [latents, tokens]: readonly number[], samples: number): Float32Array {
  const sums = new Float32Array(samples * tokens);
  for (let i = 0; i < samples; i++)
    for (let j = 0; j < latents; j++)
      for (let k = 0; k < tokens; k++) sums[i * tokens + k] += data[(i * latents + j) * tokens + k];
  return sums;
}
