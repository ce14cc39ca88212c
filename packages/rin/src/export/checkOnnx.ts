import { readFile } from 'node:fs/promises';
import { noGrad, philoxNormal, scope, type Tensor, zeros } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import type { Model } from '../diffusion/modelFile.js';
import { unreadable } from '../disk/systemError.js';
import type { AttentionWeights } from '../model/attentionWeights.js';
import { inputsOf, passOf } from './ports.js';
import { openSession } from './session.js';

/**
 * Compares an exported file with the model that it was made from: onnxruntime-web computes the graph in WebAssembly, and libtorch
 * the network, from the same random inputs.
 * @param options.batch  samples in the pass. Default: 2
 * @returns by output, the largest difference of a number, relative to the largest number of the output
 * @throws RinError if the file cannot be read, or it is no graph of this model
 */
export async function checkOnnx(
  model: Model,
  path: string,
  { batch = 2 }: { batch?: number } = {},
): Promise<Record<string, number>> {
  const graph = await readFile(path).catch((error) => {
    throw unreadable(error, path);
  });
  const session = await openSession(graph);
  try {
    const inputs = randomInputs(model.config.model, batch);
    const found = await session.run(inputs);
    const { network } = model;
    return scope(() => {
      const moved = Object.entries(inputs).map(([name, value]) => [name, value.to(network.device)] as const);
      const expected: Record<string, Tensor> = {};
      const onAttention = ({ kind, block, weights, tokens }: AttentionWeights): void => {
        if (kind === 'read') expected[`read_${block}`] = weights().mean(1).narrow(2, 0, tokens.patches); // [B, m, n]
      };
      const reads = session.outputs.some((name) => name.startsWith('read_'));
      Object.assign(
        expected,
        noGrad(() => passOf(network, Object.fromEntries(moved), { ...(reads && { onAttention }) })),
      );
      return Object.fromEntries(
        session.outputs.map((name) => [name, difference(found[name], expected[name].to('cpu'))] as const),
      );
    });
  } finally {
    await session.close();
  }
}

/** Inputs of a pass: standard normals, also for the time code, which has their mean and deviation. */
function randomInputs(model: ModelConfig, batch: number): Record<string, Tensor> {
  const samples = Array.from({ length: batch }, (_, sample) => sample);
  const entries = Object.entries(inputsOf(model)).map(([name, shape], step) => {
    return [name, philoxNormal(zeros([batch, ...shape]), { seed: 0, samples, step })] as const;
  });
  return Object.fromEntries(entries);
}

/** The largest difference of two tensors, relative to the largest number of the second. */
const difference = (found: Tensor, expected: Tensor): number =>
  found.sub(expected).abs().max().item() / expected.abs().max().item();
