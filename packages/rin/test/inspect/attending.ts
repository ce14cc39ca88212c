import type { Config } from '../../src/config/config.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { configure } from '../diffusion/scripted.js';
import { network } from '../model/reference/compare.js';
import { randomParameters } from '../model/reference/draws.js';

/** A model in which every path matters, with changes of 4×6 grey pixels in three classes. */
export function lively(over: object = {}): Model {
  const config = configure(over);
  const { model } = config;
  return modelWith(config, network(model, randomParameters(model, 1), 'float32'));
}

const modelWith = (config: Config, rin: Model['network']): Model => ({
  ...{ config, classes: ['apple', 'pear', 'cherry'], meanSquare: 0.3, network: rin },
});

/**
 * A model whose latents all read one patch of the interface, in its first block, and whose prediction is 0. The stem gives
 * zeros, so that a token is its position: 0, but 1 in the first channel of the patch. A query is 100 in the first channel.
 * @param token  number of the patch; undefined = queries of 0, so that all tokens are read alike
 */
export function staring(token: number | undefined, over: object = {}): Model {
  const config = configure(over);
  const { model } = config;
  const parameters = randomParameters(model, 1);
  const zero = /^(stem|stem_norm|interface_position|readout|time|label|previous\w*)\b|blocks\.0\.read\.attention\.[qk]/;
  for (const [name, { data }] of Object.entries(parameters)) if (zero.test(name)) data.fill(0);
  if (token !== undefined) parameters.interface_position.data[token * model.interfaceDim] = 1;
  const width = Math.min(model.latentDim, model.interfaceDim);
  const k = parameters['blocks.0.read.attention.k.weight'].data; // [width, interfaceDim]
  for (let head = 0; head < model.readWriteHeads; head++) {
    const channel = (head * width) / model.readWriteHeads;
    k[channel * model.interfaceDim] = 1;
    if (token !== undefined) parameters['blocks.0.read.attention.q.bias'].data[channel] = 100;
  }
  return modelWith(config, network(model, parameters, 'float32'));
}
