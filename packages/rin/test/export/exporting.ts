import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { noGrad, type Tensor } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { exportOnnx, type OnnxOptions } from '../../src/export/exportOnnx.js';
import { openSession, type Session } from '../../src/export/session.js';
import type { AttentionWeights } from '../../src/model/attentionWeights.js';
import { network, tolerances, toTensor } from '../model/reference/compare.js';
import { randomInputs, randomParameters } from '../model/reference/draws.js';
import { tiny } from '../training/tiny.js';

/** A model with random weights that let every path matter. */
export const modelWith = (model: ModelConfig): Model => ({
  ...{ config: { ...tiny(), model }, classes: [], meanSquare: 0.3 },
  network: network(model, randomParameters(model, 3), 'float32'),
});

/** Exports a model to a file, and opens it in onnxruntime-web. */
export async function exported(model: Model, path: string, options?: OnnxOptions): Promise<Session> {
  await exportOnnx(model, path, options);
  return openSession(readFileSync(path));
}

/**
 * Fails unless a pass by the graph has the outputs that the network has or carries, and the reads if they were exported, with the
 * numbers of libtorch up to rounding in float32.
 * @param cold  nothing goes before: zeros in the graph, nothing in the network
 */
export async function assertSamePass(
  { config, network }: Model,
  session: Session,
  batch: number,
  cold = false,
): Promise<void> {
  const { x: values, gamma, previous: left, ...more } = randomInputs(config.model, batch, 5 + batch);
  const x = toTensor(values, 'float32');
  const optional = Object.entries(more).map(([name, each]) => [name, toTensor(each, 'float32')] as const);
  const previous = Object.fromEntries(network.carried.map((part) => [part, toTensor(left[part], 'float32')] as const));
  const carried = Object.entries(previous).map(
    ([part, each]) => [`previous_${part}`, cold ? each.mul(0) : each] as const,
  );
  const reads: Record<string, Tensor> = {};
  const onAttention = ({ kind, block, weights, tokens }: AttentionWeights): void => {
    if (kind === 'read') reads[`read_${block}`] = weights().mean(1).narrow(2, 0, tokens.patches); //      [B, m, n]
  };
  const options = { ...Object.fromEntries(optional), ...(!cold && { previous }), onAttention };
  const { prediction, ...others } = noGrad(() => network.forward(x, Array.from(gamma.data), options));
  const code = network.timeCode(gamma.data).float();
  const found = await session.run({ x, code, ...Object.fromEntries([...optional, ...carried]) });
  const expected: Record<string, Tensor> = { prediction };
  for (const part of network.carried) if (part !== 'data') expected[part] = others[part];
  if ('read_0' in found) Object.assign(expected, reads);
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, output] of Object.entries(expected)) {
    assert.deepEqual(found[name].shape, output.shape, name);
    const difference = found[name].sub(output).abs().max().item() / output.abs().max().item();
    assert.ok(difference <= tolerances.float32, `${name} of a batch of ${batch}: off by ${difference} of the largest`);
  }
}
