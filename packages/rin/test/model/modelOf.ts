import type { ModelConfig } from '../../src/config/model.js';
import { parseConfig } from '../../src/config/parse.js';

/** A checked model section. Without self-conditioning in training, any `selfConditioning` fits. */
export const modelOf = (model: object): ModelConfig =>
  parseConfig({ model, diffusion: { selfConditioningRate: 0 } } as unknown, 'model').model;
