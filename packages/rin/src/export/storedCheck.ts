import { noGrad, scope, type Tensor, tensor } from '@rin/torch';
import { type Arrays, checkInputs, type Manifest, type StoredPass, storedPass } from '@rin/web';
import type { Model } from '../diffusion/modelFile.js';
import { outputsOf, passOf } from './ports.js';

/**
 * Largest differences of a right engine. With the demo's model, WebAssembly and WebGPU (Chromium's software adapter) differ by
 * 7e-7. Weights that are rounded to 11 bits differ by 5e-4, and the layers add up. Wrong kernels are far above both.
 */
const limits = { exact: 1e-3, rounded: 0.05 };

/**
 * One pass, computed by libtorch. An engine in a browser must give the same numbers before it draws.
 * @param inputs  of the graph
 * @param isRounded  whether the weights of the graph are rounded to float16; those of the pass are not
 */
export function storedCheck(
  { network, config }: Pick<Model, 'network' | 'config'>,
  inputs: Manifest['inputs'],
  isRounded: boolean,
): StoredPass {
  const tensors = (arrays: Arrays): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(arrays).map(([name, { data, dims }]) => [name, tensor(data, dims, { device: network.device })]),
    );
  const results: Record<string, Float32Array> = {};
  scope(() =>
    noGrad(() => {
      const found = passOf(network, tensors(checkInputs(inputs)));
      for (const name of Object.keys(outputsOf(config.model)))
        results[name] = (Reflect.get(found, name) as Tensor).toTypedArray() as Float32Array;
    }),
  );
  return storedPass(results, isRounded ? limits.rounded : limits.exact);
}
