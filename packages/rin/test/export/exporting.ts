import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { noGrad, type Tensor, tensor } from '@rin/torch';
import type { ModelConfig } from '../../src/config/model.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { exportOnnx, type OnnxOptions } from '../../src/export/exportOnnx.js';
import { openSession, type Session } from '../../src/export/session.js';
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
 * A pass by the graph, and by the network from levels, for the inputs of a test.
 * @param cold  nothing goes before: zeros in the graph, nothing in the network
 */
export async function bothPasses({ config, network }: Model, session: Session, batch: number, cold = false) {
  const { x: values, gamma, previous: left, ...more } = randomInputs(config.model, batch, 5 + batch);
  const x = toTensor(values, 'float32');
  const optional = Object.entries(more).map(([name, each]) => [name, toTensor(each, 'float32')] as const);
  const previous = Object.fromEntries(network.carried.map((part) => [part, toTensor(left[part], 'float32')] as const));
  const carried = Object.entries(previous).map(
    ([part, each]) => [`previous_${part}`, cold ? each.mul(0) : each] as const,
  );
  const code = network.timeCode(gamma.data).float();
  const options = { ...Object.fromEntries(optional), ...(!cold && { previous }) };
  const expected = noGrad(() => network.forward(x, Array.from(gamma.data), options));
  const found = await session.run({ x, code, ...Object.fromEntries([...optional, ...carried]) });
  return { found, expected };
}

/** Fails where a result differs from what is expected by more than rounding in float32 does, relative to the largest number. */
export function assertNear(found: Tensor, expected: Tensor, what: string, tolerance = tolerances.float32): void {
  assert.deepEqual(found.shape, expected.shape, what);
  const difference = found.sub(expected).abs().max().item() / expected.abs().max().item();
  assert.ok(difference <= tolerance, `${what}: off by ${difference} of the largest, allowed ${tolerance}`);
}

/** Fails unless the graph has the outputs that the network has or carries, and all are those of libtorch. */
export async function assertSamePass(model: Model, session: Session, batch: number, cold = false): Promise<void> {
  const { found, expected } = await bothPasses(model, session, batch, cold);
  const carried = model.network.carried.filter((part) => part !== 'data');
  const names = Object.keys(found).filter((name) => !name.startsWith('read_'));
  assert.deepEqual(names.sort(), ['prediction', ...carried].sort());
  for (const [name, output] of Object.entries(expected))
    if (name in found) assertNear(found[name], output as Tensor, `${name} of a batch of ${batch}`);
}

/** softmax(q·kᵀ/√w) [B, heads, m, n] of an attention, from its inputs and by its definition. */
export function attentionWeights(
  { q, k }: { q: { forward(x: Tensor): Tensor }; k: { forward(x: Tensor): Tensor } },
  heads: number,
  x: Tensor,
  context: Tensor,
): Tensor {
  const [queries, keys] = [q.forward(x), k.forward(context)].map((each) => {
    const [batch, tokens, width] = each.shape;
    return each.reshape([batch, tokens, heads, width / heads]).permute([0, 2, 1, 3]);
  });
  const width = queries.shape[3];
  return queries
    .matmul(keys.transpose(2, 3))
    .div(tensor(Math.sqrt(width)))
    .softmax(-1);
}
