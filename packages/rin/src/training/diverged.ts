import { RinError } from '@rin/core';
import type { TrainingConfig } from '../config/training.js';

/** A loss, a gradient or a weight is not finite. The message does not name the run. */
export class Diverged extends RinError {
  /**
   * @param what   what happened, such as "loss became NaN"
   * @param images images seen
   * @param saved  images seen at the newest checkpoint; null if there is no checkpoint
   */
  constructor(what: string, training: TrainingConfig, images: number, saved: number | null) {
    const { learningRate, precision, clipNorm, images: total } = training;
    const kept =
      saved === null ? 'no checkpoint was made yet' : `the checkpoint at ${Math.min(saved, total)} images is kept`;
    const remedies = [
      `a lower training.learningRate (${learningRate} now)`,
      ...(precision === 'float32' ? [] : ['training.precision float32']),
      clipNorm > 0 ? `a lower training.clipNorm (${clipNorm} now)` : 'training.clipNorm 1',
    ];
    super(`the ${what} after ${Math.min(images, total)} images; ${kept}. Try ${remedies.join(', or ')}`);
  }
}
