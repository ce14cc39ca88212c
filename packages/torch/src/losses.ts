import { call, callTensor } from './operator.js';
import { choice } from './tensor/operands.js';
import type { Tensor } from './tensor.js';

/** How a loss combines its elements: their mean, their sum, or not at all. */
export type Reduction = 'mean' | 'sum' | 'none';

// libtorch's numbers for them.
const reductions: Readonly<Record<Reduction, number>> = { none: 0, mean: 1, sum: 2 };
const reductionCode = (name: string, reduction: Reduction): number =>
  choice(`${name}: reduction`, reductions, reduction);

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Weights of the classes, [C]. The mean is then the weighted one. */
  readonly weight?: Tensor | null;
  /** Targets with this class do not count. Default: −100 */
  readonly ignoreIndex?: number;
  /** From 0 to 1: this share of each target is spread evenly over all classes. Default: 0 */
  readonly labelSmoothing?: number;
  /** Default: `mean` */
  readonly reduction?: Reduction;
}

/**
 * The cross-entropy −log softmax(logits)[class]; logits [B, C] or [B, C, ...].
 * @param target  classes as int64 [B] or [B, ...], or probabilities of the shape of the logits
 * @throws TorchError if the shapes do not fit, or a class is out of range
 */
export function crossEntropy(
  logits: Tensor,
  target: Tensor,
  { weight = null, ignoreIndex = -100, labelSmoothing = 0, reduction = 'mean' }: CrossEntropyOptions = {},
): Tensor {
  const code = reductionCode('crossEntropy', reduction);
  return callTensor('aten::cross_entropy_loss', logits, target, weight, code, ignoreIndex, labelSmoothing);
}

/** The mean of (x − target)², or the sum, or each element. Shapes are equal, or broadcast. */
export function mseLoss(x: Tensor, target: Tensor, { reduction = 'mean' }: { reduction?: Reduction } = {}): Tensor {
  const [a, b] = call('aten::broadcast_tensors', [x, target]) as [Tensor, Tensor];
  return callTensor('aten::mse_loss', a, b, reductionCode('mseLoss', reduction));
}
