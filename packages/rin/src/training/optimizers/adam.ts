import { full, type Tensor, unsafe } from '@rin/torch';
import type { Named } from '../../model/named.js';

/** Constants of Adam (Kingma & Ba 2015); epsilon is added outside the root. */
export interface AdamConstants {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Options of an optimiser with Adam's moments. */
export interface AdamOptions extends AdamConstants {
  /** Peak learning rate. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** First and second moment of the gradients of each parameter. */
export interface Moments {
  readonly mean: readonly Tensor[];
  readonly square: readonly Tensor[];
}

/** Moments at zero. */
export function zeroMoments(parameters: readonly Tensor[]): Moments {
  const zeros = () => parameters.map((parameter) => unsafe.call('aten::zeros_like', [parameter]) as Tensor);
  return { mean: zeros(), square: zeros() };
}

/** Moments under their names in a checkpoint. */
export function namedMoments(names: readonly string[], { mean, square }: Moments): Named {
  const entries = (kind: string, tensors: readonly Tensor[]) => names.map((name, i) => [`${kind}.${name}`, tensors[i]]);
  return Object.fromEntries([...entries('mean', mean), ...entries('square', square)]) as Named;
}

/**
 * One step of Adam with decoupled decay, in one pass over the memory (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter
 * 2019, algorithm 2). With the gradient g, in place:
 *
 *     m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  p ← (1 − rate·decay)·p − rate·m̂/(√v̂ + ε)
 *     m̂ = m/(1 − β₁ᵗ),        v̂ = v/(1 − β₂ᵗ)
 *
 * @param update  t, from 1
 */
export function adamStep(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  { mean, square }: Moments,
  { beta1, beta2, epsilon }: AdamConstants,
  { update, rate, decay = 0 }: { update: number; rate: number; decay?: number },
): void {
  if (parameters.length === 0) return;
  const step = full([], update, { device: parameters[0].device });
  const steps = parameters.map(() => step);
  const options = { lr: rate, beta1, beta2, eps: epsilon, weight_decay: decay, amsgrad: false, maximize: false };
  unsafe.call('aten::_fused_adamw_', [parameters, gradients, mean, square, [], steps], options);
}
