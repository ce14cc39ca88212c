import { lengthOf, type Resampling, RinError } from '@rin/core';
import { type Device, noGrad, scope, type Tensor, tensor } from '@rin/torch';
import type { Clip } from '../media/clip.js';
import type { Image } from '../media/image.js';
import { toSignal } from './process.js';

/** A sample with known pixels, or a mask: a picture or a clip. One for all seeds, or one for each seed. */
type ForSeeds<T> = T | readonly T[];

/** In-painting: the pixels that are known, and how well the others are fitted to them. */
export interface KnownOptions {
  /** Pictures or clips with the known pixels, of the shape of a sample: one for all seeds, or one for each seed. */
  readonly known?: ForSeeds<Image | Clip>;
  /** Which pixels of `known` are drawn, [1, ...size]: from 128 (white) = to draw, below (black) = known. One, or one per seed. */
  readonly mask?: ForSeeds<Image | Clip>;
  /** How often each stretch of steps is denoised, from 1 to 1,000; 1 = no resampling. Default: 5 */
  readonly resample?: number;
  /** Steps of a stretch, at least 1. Default: 5 */
  readonly jump?: number;
}

/** The known pixels of a batch. A batch of 1 stands for all. */
export interface KnownTensors {
  /** [B or 1, C, ...size] in [−b, b] */
  readonly picture: Tensor;
  /** [B or 1, 1, ...size] bool: the pixels to draw */
  readonly drawn: Tensor;
}

/** Checked known pixels, for all seeds. */
export interface Known {
  readonly resampling: Resampling;
  /** The tensors of `count` seeds, from `first` on; the caller disposes them. */
  readonly tensors: (first: number, count: number, device: Device) => KnownTensors;
}

/** Largest number of repetitions. Far fewer are useful. */
const mostRepetitions = 1000;

/**
 * Checks the options of in-painting.
 * @param options.shape  [C, ...size] of a sample
 * @param options.seeds  number of seeds
 * @returns undefined if no pixels are known
 * @throws RinError if the options do not fit the samples or each other
 */
export function readKnown(
  { known, mask, resample, jump }: KnownOptions,
  { shape, seeds, inputScale }: { shape: readonly number[]; seeds: number; inputScale: number },
): Known | undefined {
  if (known === undefined && mask === undefined) {
    const idle = resample !== undefined ? 'resample' : jump !== undefined ? 'jump' : undefined;
    if (idle)
      throw new RinError(`${idle} fits drawn pixels to known ones, but no pixels are known; give known and mask`);
    return undefined;
  }
  if (known === undefined)
    throw new RinError('mask was given without known; give the picture with the known pixels too');
  if (mask === undefined)
    throw new RinError('known was given without mask; give a mask, white = to draw, black = known');
  const resampling = { resample: resample ?? 5, jump: jump ?? 5 };
  checkCount('resample', resampling.resample, mostRepetitions);
  checkCount('jump', resampling.jump, Number.MAX_SAFE_INTEGER);
  const pictures = checkedList('known', known, shape, seeds);
  const masks = checkedList('mask', mask, [1, ...shape.slice(1)], seeds);
  return {
    resampling,
    tensors: (first, count, device) => {
      const part = (all: readonly Uint8Array[], sample: readonly number[]): Tensor => {
        const chosen = all.length === 1 ? all : all.slice(first, first + count);
        return tensor(new Uint8Array(Buffer.concat(chosen)), [chosen.length, ...sample], { device });
      };
      return scope(() =>
        noGrad(() => ({
          picture: toSignal(part(pictures, shape), inputScale),
          drawn: part(masks, [1, ...shape.slice(1)]).ge(128),
        })),
      );
    },
  };
}

function checkCount(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? 'at least 1' : `from 1 to ${most}`;
  throw new RinError(`${name} ${value}: expected a whole number, ${range}`);
}

/** The values of one sample for all seeds, or of one for each seed. @throws RinError if a shape or their number is wrong */
function checkedList(
  name: 'known' | 'mask',
  given: ForSeeds<Image | Clip>,
  shape: readonly number[],
  seeds: number,
): readonly Uint8Array[] {
  const list: readonly (Image | Clip)[] = 'shape' in given ? [given] : given;
  if (list.length !== 1 && list.length !== seeds)
    throw new RinError(`${name} has ${list.length} entries; expected one, or one for each of the ${seeds} seeds`);
  const length = lengthOf(shape);
  for (const [i, { data, shape: found }] of list.entries()) {
    const which = list.length === 1 ? name : `${name} ${i}`;
    if (found.join() !== shape.join())
      throw new RinError(`${which} is [${found.join(', ')}]; expected [${shape.join(', ')}], the size of the samples`);
    if (data.length !== length)
      throw new RinError(`${which} has ${data.length} values; expected the ${length} of [${shape.join(', ')}]`);
  }
  return list.map(({ data }) => data);
}
