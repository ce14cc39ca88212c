import { noGrad, scope } from '@rin/torch';
import { checkSets } from './checkSets.js';
import { blocksOf, type Features } from './features.js';

/** An Inception score and its spread. */
export interface InceptionScore {
  /** at least 1, at most the number of classes; larger is better */
  readonly value: number;
  /** standard deviation over the splits; 0 for one split */
  readonly deviation: number;
}

/**
 * The Inception score (Salimans et al. 2016, section 4), from the classes that a classifier sees:
 *
 *     IS = exp( mean over x of KL(p(y|x) ‖ p(y)) )
 *
 * p(y|x) is the softmax of the logits, and p(y) its mean over the samples of a split. The samples are divided in their order.
 * The score grows with the size of a split, so scores of different numbers of samples cannot be compared.
 * @param logits [n·classes]
 * @param splits published scores use 10 for 50,000 samples. Default: 10 for 5,000 samples or more, else 1
 * @throws RinError if there are fewer than 2 samples
 */
export function inceptionScore(logits: Features, splits = splitsFor(logits.count)): InceptionScore {
  checkSets('Inception score', Math.max(2, splits), [logits]);
  const { count, width, values } = logits;
  const scores = Array.from({ length: splits }, (_, i) => {
    const [first, end] = [Math.floor((i * count) / splits), Math.floor(((i + 1) * count) / splits)];
    return scoreOf({ count: end - first, width, values: values.subarray(first * width, end * width) });
  });
  const value = scores.reduce((sum, score) => sum + score, 0) / splits;
  return { value, deviation: Math.sqrt(scores.reduce((sum, score) => sum + (score - value) ** 2, 0) / splits) };
}

/** Splits of an Inception score by default. @param count samples */
export const splitsFor = (count: number): number => (count >= 5000 ? 10 : 1);

/** exp(H(y) − mean H(y|x)), which is the same: the mean of the divergences is a difference of entropies. */
function scoreOf(logits: Features): number {
  const mean = new Float64Array(logits.width);
  let negativeEntropy = 0;
  for (const { rows } of blocksOf(logits)) {
    using block = rows;
    const [sums, entropy] = scope(() =>
      noGrad(() => {
        const logs = block.logSoftmax(1);
        const shares = logs.exp();
        return [shares.sum([0]).toTypedArray() as Float64Array, shares.mul(logs).sum().item()];
      }),
    );
    for (const [i, sum] of sums.entries()) mean[i] += sum / logits.count;
    negativeEntropy += entropy / logits.count;
  }
  const marginal = mean.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
  return Math.exp(marginal + negativeEntropy);
}
