import type { Dtype } from '@rin/torch';
import type { TrainingConfig } from '../../config/training.js';
import type { Named } from '../../model/named.js';
import { AdamW } from './adamw.js';
import { Lamb } from './lamb.js';
import { Muon } from './muon.js';
import type { Optimizer } from './optimizer.js';

/**
 * The optimiser that a configuration names.
 * @param dtype dtype of matrix products in the optimiser (Muon)
 */
export function createOptimizer(
  { optimizer, learningRate, weightDecay }: Pick<TrainingConfig, 'optimizer' | 'learningRate' | 'weightDecay'>,
  parameters: Named,
  dtype: Dtype,
): Optimizer {
  switch (optimizer.kind) {
    case 'lamb':
      return new Lamb(parameters, { ...optimizer, learningRate, weightDecay });
    case 'adamw':
      return new AdamW(parameters, { ...optimizer, learningRate, weightDecay });
    case 'muon':
      return new Muon(parameters, { ...optimizer, learningRate, weightDecay }, dtype);
  }
}
