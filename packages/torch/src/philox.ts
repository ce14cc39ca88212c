import { checkOptions, describe } from './argument.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { attempt, native } from './native.js';
import { refuseInTrace } from './operator.js';
import { checked, whole } from './range.js';
import type { Tensor } from './tensor.js';

/** The numbers that determine a draw. */
export interface PhiloxOptions {
  /** Integer from 0 to 2⁵³ − 1. */
  readonly seed: number;
  /** One for each row of the tensor: integers from 0 to 2⁵³ − 1. */
  readonly samples: readonly number[];
  /** Integer from 0 to 2³² − 1. Default: 0 */
  readonly step?: number;
  /** The use of the draws, so that no two uses share them: integer from 0 to 255. Default: 0 */
  readonly purpose?: number;
}

/**
 * Fills a contiguous float32 tensor [B, …] with standard normals. Row b comes from the stream of (seed, samples[b], step,
 * purpose). So a row has the same bits in any batch and on any machine.
 *
 * The generator is Philox4x32-10 (Salmon et al. 2011), in 32-bit words:
 *
 *     key [seed low, seed high]      counter [block, sample low, step, purpose·2²⁴ + sample high]
 *
 * A word x gives u = (x + ½)/2³². Box–Muller turns consecutive pairs into normals in float64, rounded to float32. For a CUDA
 * device the CPU draws and the result is copied.
 * @returns `out`
 * @throws TorchError if the tensor has another dtype or number of rows, a number is out of range, or inside a trace
 */
export function philoxNormal(out: Tensor, options: PhiloxOptions): Tensor {
  if (!(out instanceof Handle)) throw new TorchError(`philoxNormal: expected a tensor, got ${describe(out)}`);
  const { seed, samples, step = 0, purpose = 0 } = checkOptions('philoxNormal', options);
  refuseInTrace('philoxNormal', 'changes a tensor in place, which a trace cannot record');
  checked('philoxNormal: seed', seed, whole(2 ** 53));
  if (!Array.isArray(samples))
    throw new TorchError(`philoxNormal: samples must be a list of numbers, got ${describe(samples)}`);
  for (const sample of samples) checked('philoxNormal: sample', sample, whole(2 ** 53));
  checked('philoxNormal: step', step, whole(2 ** 32));
  checked('philoxNormal: purpose', purpose, whole(256));
  if (out.dtype !== 'float32' || out.shape.length === 0 || out.shape[0] !== samples.length) {
    throw new TorchError(
      `philoxNormal: expected a float32 tensor of ${samples.length} rows, one for each sample; got ${out}`,
    );
  }
  attempt(`philoxNormal (${out})`, () => native.philoxNormals(out.slot, seed, purpose, step, [...samples]));
  return out;
}
