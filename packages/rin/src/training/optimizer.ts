import { AdamW, type Dtype, Lamb, Muon, type Named, type Optimizer, type Tensor } from '@rin/torch';
import type { TrainingConfig } from '../config/training.js';

/**
 * The optimiser that a configuration names.
 * @param dtype dtype of matrix products in the optimiser (Muon)
 */
export function createOptimizer(
  { optimizer, learningRate: lr, weightDecay }: Pick<TrainingConfig, 'optimizer' | 'learningRate' | 'weightDecay'>,
  parameters: Named,
  dtype: Dtype,
): Optimizer {
  const { beta1, beta2, epsilon: eps } = optimizer;
  const options = { betas: [beta1, beta2], eps, weightDecay, decays: isDecayed } as const;
  switch (optimizer.kind) {
    case 'lamb':
      return new Lamb(parameters, { ...options, lr });
    case 'adamw':
      return new AdamW(parameters, { ...options, lr });
    case 'muon': {
      const { momentum, newtonSchulzSteps: nsSteps, adamRate } = optimizer;
      const rest = { ...options, lr: adamRate };
      return new Muon(parameters, { lr, weightDecay, momentum, nsSteps, dtype, matrices: isBlockMatrix, rest });
    }
  }
}

/** Whether Muon moves a parameter; AdamW moves the others. */
export const isBlockMatrix = (name: string, { shape }: { readonly shape: readonly number[] }): boolean =>
  name.startsWith('blocks.') && shape.length === 2;

/** Weight decay acts on kernels, tables and tokens. Vectors (biases, gains and shifts of norms) are not decayed. */
const isDecayed = (_: string, { shape }: Tensor): boolean => shape.length > 1;
