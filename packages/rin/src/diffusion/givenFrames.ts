import type { Tensor } from '@rin/torch';

/** A batch of clips in two parts. */
export interface Frames {
  /** [B, C, `givenFrames`, H, W], the first frames; undefined = none */
  readonly given: Tensor | undefined;
  /** [B, C, ...size], the frames that are noised and predicted; without given frames the whole samples */
  readonly predicted: Tensor;
}

/**
 * Splits samples into their given frames and the rest (`model.givenFrames`).
 * @param x            [B, C, ...size]
 * @param givenFrames  0 = the samples need not be clips
 */
export function splitFrames(x: Tensor, givenFrames: number): Frames {
  if (givenFrames === 0) return { given: undefined, predicted: x };
  return { given: x.narrow(2, 0, givenFrames), predicted: x.narrow(2, givenFrames, x.shape[2] - givenFrames) };
}
