import {
  castLike,
  type LayerNorm,
  Linear,
  Module,
  scaledDotProductAttention,
  type Tensor,
  unsafe,
  workable,
} from '@rin/torch';
import { attentionWeights } from './attentionWeights.js';
import { layerNorm, linear, Mlp, type Mode, uniform } from './layers.js';

/**
 * Multi-head attention (Vaswani et al. 2017, eq. 1, section 3.2.2), with biases on all projections:
 *
 *     MHA(x, c) = W_o·concat_h(softmax(q_h·k_hᵀ/√w_h)·v_h),   q = W_q·x,  k = W_k·c,  v = W_v·c
 *
 *     x [B, n, d]     queries, d = `queryDim`                  c [B, m, d_c]   context, d_c = `contextDim`
 *     q [B, n, w]     k, v [B, m, w]    w = `width`            h = 1 … `heads`, w_h = w/heads channels each
 *
 * Initial kernels are smaller than Glorot's, because the authors' kernels are three-dimensional (reference: the authors'
 * code). Their limits are ±√(6/fans), with these fans:
 *
 *     q, k, v   D_in·(heads + w_h)         W_o   heads·(w_h + D_out)
 */
export class Attention extends Module {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly out: Linear;
  #heads: number;
  #dropout: number;

  /** @param rate  dropout on the attention weights, in [0, 1) */
  constructor(queryDim: number, contextDim: number, width: number, heads: number, rate = 0) {
    super();
    const head = width / heads;
    this.q = linear(queryDim, width, uniform(queryDim * (heads + head)));
    this.k = linear(contextDim, width, uniform(contextDim * (heads + head)));
    this.v = linear(contextDim, width, uniform(contextDim * (heads + head)));
    this.out = linear(width, queryDim, uniform(heads * (head + queryDim)));
    this.#heads = heads;
    this.#dropout = rate;
  }

  /**
   * Self-attention, MHA(x, x), or sum + MHA(x, x); x [B, n, d] → [B, n, d]
   * @param seen  bool [B, 1, 1, n], false = no token attends to this one; null = all are seen
   * @param sum   [B, n, d]
   */
  self(x: Tensor, mode: Mode, seen: Tensor | null = null, sum: Tensor | null = null): Tensor {
    const [q, k, v] = this.#split(Linear.together(x, this.q, this.k, this.v), 3);
    return this.#out(this.#attend(q, k, v, mode, seen), sum);
  }

  /**
   * Cross-attention, MHA(x, c), or sum + MHA(x, c); x [B, n, d], context c [B, m, d_c] → [B, n, d]
   * @param seen  bool [B, 1, 1, m], false = no token attends to this one of the context; null = all are seen
   * @param sum   [B, n, d]
   */
  cross(x: Tensor, context: Tensor, mode: Mode, seen: Tensor | null = null, sum: Tensor | null = null): Tensor {
    const [q] = this.#split(this.q.forward(x), 1);
    const [k, v] = this.#split(Linear.together(context, this.k, this.v), 2);
    return this.#out(this.#attend(q, k, v, mode, seen), sum);
  }

  /** [B, n, parts·w] → parts × [B, heads, n, w_h]. All parts are views, so their gradients are joined in one copy. */
  #split(packed: Tensor, parts: number): Tensor[] {
    const width = packed.shape[2] / parts;
    const [batch, tokens] = packed.shape;
    const heads = [batch, tokens, this.#heads, width / this.#heads];
    return packed.split(width, 2).map((part) => part.reshape(heads).transpose(1, 2));
  }

  /** q [B, heads, n, w_h], k and v [B, heads, m, w_h] → [B, n, w] */
  #attend(q: Tensor, k: Tensor, v: Tensor, { training, look }: Mode, mask: Tensor | null): Tensor {
    look?.(() => attentionWeights(q, k, mask));
    const options = { dropoutP: training ? this.#dropout : 0, mask };
    const attended = castLike(scaledDotProductAttention(workable(q), workable(k), workable(v), options), q);
    return attended.transpose(1, 2).flatten(2);
  }

  /** [B, n, w] → [B, n, d] */
  #out(attended: Tensor, sum: Tensor | null): Tensor {
    return sum ? this.out.addedTo(sum, attended) : this.out.forward(attended);
  }
}

/**
 * Read and write (paper, section 2). A read updates the latents from the interface. A write updates the interface from the
 * latents:
 *
 *     x ← x + MHA(LN(x), c),   x ← x + MLP(LN(x))
 *
 *     read    x = Z [B, m, d'] latents,    c = X [B, n, d] interface
 *     write   x = X [B, n, d] interface,   c = Z [B, m, d'] latents
 *
 * The context c is normalised only if `normalizeKeyValue` is set. The attention's width is min(d, d'). With ratio 0 the MLP
 * is left out.
 */
export class ReadWrite extends Module {
  readonly norm: LayerNorm;
  readonly normKv: LayerNorm | null;
  readonly attention: Attention;
  readonly mlp: Mlp | null;

  constructor(dim: number, contextDim: number, heads: number, ratio: number, normalizeKeyValue: boolean) {
    super();
    this.norm = layerNorm(dim);
    this.normKv = normalizeKeyValue ? layerNorm(contextDim) : null;
    this.attention = new Attention(dim, contextDim, Math.min(dim, contextDim), heads);
    this.mlp = ratio > 0 ? new Mlp(dim, ratio) : null;
  }

  /**
   * x and the result [B, tokens, dim], context [B, others, contextDim]
   * @param seen  the tokens of the context that are seen, as for `Attention.cross`
   */
  forward(x: Tensor, context: Tensor, mode: Mode, seen: Tensor | null = null): Tensor {
    const c = this.normKv ? this.normKv.forward(context) : context;
    const attended = this.attention.cross(this.norm.forward(x), c, mode, seen, x);
    return this.mlp ? this.mlp.residual(attended, mode) : attended;
  }
}

/**
 * Compute layer (paper, section 2), on the m latents alone:
 *
 *     Z ← Z + MHA(LN(Z), LN(Z)),   Z ← Z + MLP(LN(Z))      Z [B, m, d']
 */
export class Compute extends Module {
  readonly norm: LayerNorm;
  readonly attention: Attention;
  readonly mlp: Mlp;
  #dropPath: number;

  constructor(
    dim: number,
    heads: number,
    ratio: number,
    rates: { dropout: number; dropPath: number; attentionDropout: number },
  ) {
    super();
    this.norm = layerNorm(dim);
    this.attention = new Attention(dim, dim, dim, heads, rates.attentionDropout);
    this.mlp = new Mlp(dim, ratio, rates.dropout);
    this.#dropPath = rates.dropPath;
  }

  /** @param used  the latents that are not left out, as for `Attention.self` */
  forward(latents: Tensor, mode: Mode, used: Tensor | null = null): Tensor {
    const { attention, mlp, norm } = this;
    let Z = latents; //                                                                             [B, m, d']
    if (mode.training && this.#dropPath > 0) {
      Z = Z.add(droppedPath(attention.self(norm.forward(Z), mode, used), this.#dropPath)); //         [B, m, d']
      return Z.add(droppedPath(mlp.forward(Z, mode), this.#dropPath)); //                             [B, m, d']
    }
    Z = attention.self(norm.forward(Z), mode, used, Z); //                                            [B, m, d']
    return mlp.residual(Z, mode); //                                                                [B, m, d']
  }
}

/**
 * Stochastic depth (Huang et al. 2016): for each sample the branch [B, m, d'] is dropped with probability `rate`. Other
 * samples' branches are divided by 1 − rate.
 */
function droppedPath(branch: Tensor, rate: number): Tensor {
  const kept = unsafe.call('aten::bernoulli.p', [branch.narrow(1, 0, 1).narrow(2, 0, 1).detach(), 1 - rate]) as Tensor;
  return branch.mul(kept.div(1 - rate));
}
