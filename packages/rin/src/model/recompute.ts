import { type Recomputation, scope } from '@rin/torch';
import type { Tokens } from './block.js';

/** A pass through a block. */
export type Pass = (given: Tokens) => Tokens;

/** Runs a block as it is. */
export const runsOnce = (block: Pass, state: Tokens): Tokens => block(state);

/** Runs a block and frees its tensors, for a pass without gradients. */
export const freesMemory = (block: Pass, state: Tokens): Tokens => scope(() => block(state));

/** Runs a block without its graph. The backward pass of `recomputation` runs it again. */
export const runsAgain =
  (recomputation: Recomputation) =>
  (block: Pass, { Z, X, readOnly }: Tokens): Tokens => {
    const after = recomputation.run([Z, X, ...(readOnly ? [readOnly] : [])], ([latents, tokens, others = null]) => {
      const made = block({ Z: latents, X: tokens, readOnly: others });
      return [made.Z, made.X];
    });
    return { Z: after[0], X: after[1], readOnly };
  };
