import type { Tensor } from '@rin/torch';
import type { Named } from '../../model/named.js';

/** Changes parameters in place. Everything it remembers is in `state`, so that a run resumes exactly. */
export interface Optimizer {
  /**
   * Makes one update. Call it inside `noGrad` and `scope`.
   * @param gradients in the order of the parameters, laid out in memory like them, as `backward` leaves them
   * @param share     learning rate as a share of its peak, 0 to 1
   * @param update    number of this update, from 1
   */
  step(gradients: readonly Tensor[], share: number, update: number): void;
  /** Live tensors; to restore, copy into them. */
  readonly state: Named;
}

/** Weight decay acts on kernels, tables and tokens. Vectors (biases, gains and shifts of norms) are not decayed. */
export const isDecayed = (parameter: Tensor): boolean => parameter.shape.length > 1;

/** The elements at some indices. */
export const pick = <T>(list: readonly T[], indices: readonly number[]): T[] => indices.map((index) => list[index]);
