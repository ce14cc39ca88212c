import { full, noGrad, scope, type Tensor, where } from '@rin/torch';

/** The attentions between latents and interface. `conditionRead` is the separate read of `decoupledRead`. */
export type AttentionKind = 'read' | 'write' | 'conditionRead';

/**
 * The attention weights of one read or write of a pass. A latent of a read spreads its attention over tokens of the interface. A
 * token of a write spreads its attention over latents.
 */
export interface AttentionWeights {
  /** number of the block, from 0 */
  readonly block: number;
  readonly kind: AttentionKind;
  /**
   * softmax(q·kᵀ/√w_h), [B, heads, queries, keys], without gradient; float32 in a bfloat16 pass. A read has latents as queries and
   * tokens as keys, a write tokens as queries and latents as keys. Each row sums to 1. It is computed when it is called, so what
   * nobody looks at costs nothing. Call it only during the callback, and dispose the result.
   */
  readonly weights: () => Tensor;
  /** tokens of the interface that take part, in their order: predicted patches, given patches, and time and condition tokens */
  readonly tokens: {
    readonly patches: number;
    readonly given: number;
    readonly writable: number;
    readonly readOnly: number;
  };
  /** latents of the pass, in their order: learned ones, then time and condition tokens on the latents */
  readonly latents: { readonly learned: number; readonly others: number };
  /** bool [B, m], false = this latent is left out of its sample, and its row of a read means nothing; null = all are used */
  readonly used: Tensor | null;
}

/**
 * softmax(q·kᵀ/√w_h) (Vaswani et al. 2017, eq. 1), beside the fused attention, which keeps no weights.
 * @param q, k  [B, heads, tokens, w_h]
 * @param mask  bool, broadcast to [B, heads, queries, keys]; false = weight 0
 */
export function attentionWeights(q: Tensor, k: Tensor, mask: Tensor | null): Tensor {
  return scope(() =>
    noGrad(() => {
      const [queries, keys] = [q, k].map((each) => (each.dtype === 'bfloat16' ? each.float() : each));
      const scores = queries.matmul(keys.transpose(2, 3)).div(Math.sqrt(q.shape[3]));
      const nothing = () => full([], Number.NEGATIVE_INFINITY, { dtype: scores.dtype, device: scores.device });
      return (mask ? where(mask, scores, nothing()) : scores).softmax(3);
    }),
  );
}
