import { countOf, type Geometry, type Part, RinError } from '@rin/core';
import { scope, type Tensor } from '@rin/torch';
import type { AttentionWeights } from '../model/attentionWeights.js';

/** Which attention is shown. */
export interface AttentionChoice {
  /** `read` (the default): what the latents read of the interface. `write`: what the interface takes from the latents */
  readonly kind?: 'read' | 'write';
  /** numbers of blocks, from 0; default: all */
  readonly blocks?: readonly number[];
  /** one latent of the pass, from 0: learned ones, then time and condition tokens; default: all of them */
  readonly latent?: number;
  /** one head, from 0; default: the mean over all heads */
  readonly head?: number;
}

/** Numbers over the patches of a part of a sample, in raster order. All lists have one entry for each axis: [L], [H, W] or [T, H, W] */
export interface PatchMap {
  /** pixels (and frames) */
  readonly size: readonly number[];
  /** extent of a patch */
  readonly patch: readonly number[];
  /** patches; the last slice of a clip may reach beyond its frames */
  readonly grid: readonly number[];
  readonly values: Float64Array;
}

/**
 * The attention of one block for one sample, over the patches that are predicted. The values are in [0, 1]:
 *
 *     read               share of the attention that a patch gets; with `given` and `others` they sum to 1
 *     write, a latent    share of its attention that a patch gives to the latent
 *     write, all         1 − H/ln m, H the entropy of the attention of a patch over the m latents: 0 = to all alike, 1 = to one
 */
export interface AttentionMap extends PatchMap {
  readonly block: number;
  readonly kind: 'read' | 'write';
  /** the latent and the head that were chosen; absent = the mean over all */
  readonly latent?: number;
  readonly head?: number;
  /** whether the values are 1 − H/ln m, and not shares of attention */
  readonly isConcentration: boolean;
  /** the same for the patches of given frames; absent = the model has none */
  readonly given?: PatchMap;
  /**
   * share of the attention on time and condition tokens: of a read on those beside the interface, of a write on those among the
   * latents. Of a write it is the share of the predicted patches
   */
  readonly others: number;
  /** mean entropy of the rows of attention in nats: of a latent over the tokens that it reads, of a patch over the latents */
  readonly entropy: number;
  /** entropy in nats of the mean of these rows; of a read, how much of the sample all latents cover together */
  readonly meanEntropy: number;
  /** ln of the number of tokens or latents: the entropy of an even attention */
  readonly mostEntropy: number;
}

/** The number of latents, heads and blocks that can be chosen. */
export interface Choosable {
  readonly blocks: number;
  readonly heads: number;
  /** fewest latents of a pass */
  readonly latents: number;
}

/** @throws RinError if a number is not there; the message names it */
export function checkChoice({ blocks = [], latent, head }: AttentionChoice, has: Choosable): void {
  const check = (name: string, found: number, count: number, of = 'this model'): void => {
    if (Number.isInteger(found) && found >= 0 && found < count) return;
    const range = count === 1 ? 'expected 0' : `expected 0 to ${count - 1}`;
    throw new RinError(`${name} ${found}: ${range}, because ${of} has ${countOf(count, name)}`);
  };
  for (const block of blocks) check('block', block, has.blocks);
  if (latent !== undefined) check('latent', latent, has.latents, 'a pass');
  if (head !== undefined) check('head', head, has.heads);
}

/** Whether an attention is among the chosen ones. */
export const isChosen = (
  { kind, block }: AttentionWeights,
  { kind: wanted = 'read', blocks }: AttentionChoice,
): boolean => kind === wanted && (blocks === undefined || blocks.includes(block));

/** The maps of the samples of a batch. Call it during the callback that gives the weights. All latents must be used. */
export function mapsOf(
  { weights, kind, block, tokens, latents }: AttentionWeights,
  { latent, head }: AttentionChoice,
  { predicted, given, patch }: Geometry,
): AttentionMap[] {
  const isRead = kind === 'read';
  const [patches, frames] = [tokens.patches, tokens.given];
  const found = scope(() => {
    const all = head === undefined ? weights() : weights().narrow(1, head, 1); // [B, heads, queries, keys]
    // The entropy of a write is that of predicted patches.
    const rows = isRead ? (latent === undefined ? all : all.narrow(2, latent, 1)) : all.narrow(2, 0, patches);
    const spread = entropy(rows).mean([1, 2]);
    const mean = rows.mean([1, 2]); //                                                                [B, keys]
    const [, , , keys] = all.shape;
    const values = isRead
      ? mean.narrow(1, 0, patches + frames)
      : latent === undefined
        ? entropy(all)
            .mean(1)
            .div(-Math.log(keys))
            .add(1)
            .narrow(1, 0, patches + frames)
        : all
            .select(3, latent)
            .mean(1)
            .narrow(1, 0, patches + frames); //                            [B, n + g]
    const others = isRead
      ? mean.narrow(1, patches + frames, keys - patches - frames).sum(1)
      : mean.narrow(1, latents.learned, latents.others).sum(1);
    const listed = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);
    return {
      ...{ keys, values: listed(values.contiguous()), others: listed(others) },
      ...{ spread: listed(spread), together: listed(entropy(mean)) },
    };
  });
  const mapOf = ({ size, grid }: Part, values: readonly number[]): PatchMap => ({
    size,
    patch,
    grid,
    values: Float64Array.from(values),
  });
  const length = patches + frames;
  return found.spread.map((spread, b) => {
    const own = found.values.slice(b * length, (b + 1) * length);
    return {
      ...{ block, kind: isRead ? 'read' : 'write', isConcentration: !isRead && latent === undefined },
      ...{ ...(latent !== undefined && { latent }), ...(head !== undefined && { head }) },
      ...mapOf(predicted, own.slice(0, patches)),
      ...(given && { given: mapOf(given, own.slice(patches)) }),
      ...{ others: found.others[b], entropy: spread, meanEntropy: found.together[b] },
      mostEntropy: Math.log(found.keys),
    };
  });
}

/** −Σ w·ln w over the last axis, in nats */
const entropy = (weights: Tensor): Tensor =>
  weights
    .mul(weights.clamp(1e-38, null).log()) // 0·ln 0 is 0
    .sum(-1)
    .neg();
