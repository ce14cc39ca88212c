import { noGrad, scope, type Tensor, tensor } from '@rin/torch';
import { type Arrays, checkInputs, type Manifest, type StoredPass, storedPass } from '@rin/web';
import type { Model } from '../diffusion/modelFile.js';
import { RIN } from '../model/rin.js';
import { outputsOf, passOf } from './ports.js';

/**
 * One pass, computed by libtorch. An engine in a browser must give the same numbers before it draws.
 * @param inputs  of the graph
 * @param isHalf  whether the graph has weights that were rounded to float16; the pass then has them too
 */
export function storedCheck(
  { network, config }: Pick<Model, 'network' | 'config'>,
  inputs: Manifest['inputs'],
  isHalf: boolean,
): StoredPass {
  const tensors = (arrays: Arrays): Record<string, Tensor> =>
    Object.fromEntries(Object.entries(arrays).map(([name, { data, dims }]) => [name, tensor(data, dims)]));
  const results: Record<string, Float32Array> = {};
  scope(() =>
    noGrad(() => {
      const found = passOf(isHalf ? rounded({ network, config }) : network, tensors(checkInputs(inputs)));
      for (const name of Object.keys(outputsOf(config.model)))
        results[name] = (Reflect.get(found, name) as Tensor).toTypedArray() as Float32Array;
    }),
  );
  return storedPass(results);
}

/** The network with weights that float16 holds. */
function rounded({ network, config }: Pick<Model, 'network' | 'config'>): RIN {
  const copy = new RIN(config.model, { seed: null });
  const parameters = Object.entries(network.parameters());
  copy.loadParameters(Object.fromEntries(parameters.map(([name, value]) => [name, value.to('float16').float()])));
  return copy;
}
