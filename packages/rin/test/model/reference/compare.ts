import assert from 'node:assert/strict';
import { fewestLatents } from '@rin/core';
import { noGrad, setThreads, type Tensor, tensor } from '@rin/torch';
import type { ModelConfig } from '../../../src/config/model.js';
import { RIN } from '../../../src/model/rin.js';
import { type Inputs, randomInputs, randomParameters } from './draws.js';
import { type Outputs, referenceForward } from './forward.js';
import type { Values } from './values.js';

// the tensors are too small for a second thread to pay
setThreads(1);

export type Precision = 'float32' | 'float64';

export const toTensor = ({ data, shape }: Values, dtype: Precision): Tensor =>
  tensor(dtype === 'float64' ? Float64Array.from(data) : Float32Array.from(data), shape);

const toTensors = (all: Record<string, Values>, dtype: Precision): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(all).map(([name, values]) => [name, toTensor(values, dtype)]));

/** A network with these parameters. */
export function network(config: ModelConfig, parameters: Record<string, Values>, dtype: Precision): RIN {
  const rin = new RIN(config).to(dtype);
  rin.loadParameters(toTensors(parameters, dtype));
  for (const [name, { dtype: held }] of Object.entries(rin.parameters())) assert.equal(held, dtype, name);
  return rin;
}

type Given = Omit<Inputs, 'previous'> & { previous?: Partial<Inputs['previous']>; latents?: readonly number[] };

/** The network's outputs in this precision. */
export function forward(rin: RIN, { x, gamma, condition, given, previous = {}, latents }: Given, dtype: Precision) {
  const optional = (values: Values | undefined) => values && toTensor(values, dtype);
  return rin.forward(toTensor(x, dtype), toTensor(gamma, dtype), {
    condition: optional(condition),
    given: optional(given),
    ...(latents && { latents }),
    previous: {
      ...{ latents: optional(previous.latents), interface: optional(previous.interface) },
      data: optional(previous.data),
    },
  });
}

/** Fails where the network and the reference differ by more than the tolerance, relative to the largest output. */
export function assertEqualOutputs(actual: Record<keyof Outputs, Tensor>, expected: Outputs, tolerance: number) {
  for (const part of ['latents', 'interface', 'prediction'] as const) {
    const { shape, data } = expected[part];
    assert.deepEqual(actual[part].shape, shape, part);
    const found = actual[part].to('float64').toTypedArray();
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const differences = data.map((value, i) => Math.abs(Number(found[i]) - value) / scale);
    const difference = Math.max(...differences); // NaN if any is
    const worst = differences.findIndex((value) => Object.is(value, difference));
    const place = `${part}[${worst}] is ${found[worst]}, expected ${data[worst]}`;
    assert.ok(difference <= tolerance, `${place}: off by ${difference} of the largest, allowed ${tolerance}`);
  }
}

/**
 * Largest difference allowed, relative to the largest output (or to 1). Differences come from rounding alone, some 1e-15
 * in float64 and 1e-6 in float32.
 */
export const tolerances: Record<Precision, number> = { float64: 1e-12, float32: 1e-5 };

/** Network against reference in both precisions. */
export function assertAgrees(config: ModelConfig, parameters: Record<string, Values>, inputs: Given) {
  const { x, gamma, condition, previous, given, latents } = inputs;
  const expected = referenceForward(config, parameters, x, gamma.data, condition, previous, given, latents);
  for (const dtype of ['float64', 'float32'] as const) {
    const actual = noGrad(() => forward(network(config, parameters, dtype), inputs, dtype));
    assertEqualOutputs(actual, expected, tolerances[dtype]);
  }
}

/** For a batch of 2, random parameters and inputs, with what a previous pass left and without, and with fewer latents. */
export function compare(config: ModelConfig, seed: number) {
  const parameters = randomParameters(config, seed);
  const { previous, ...cold } = randomInputs(config, 2, seed + 1);
  assertAgrees(config, parameters, cold);
  assertAgrees(config, parameters, { ...cold, previous });
  const fewest = fewestLatents(config);
  if (fewest === config.latents) return;
  assertAgrees(config, parameters, { ...cold, previous, latents: [fewest, fewest] });
  assertAgrees(config, parameters, { ...cold, previous, latents: [config.latents, fewest] }); // by a mask
}
