import { count, RinError } from '@rin/core';
import { decode } from '../../data/decoding/decode.js';
import { readHeader } from '../../data/decoding/header.js';
import { readNamed } from '../../data/sources/bytes.js';
import type { KnownOptions } from '../../diffusion/known.js';
import type { Model } from '../../diffusion/modelFile.js';
import { oneLine } from '../../disk/systemError.js';
import { formatsOf } from '../../media/formats.js';
import type { Given } from '../terminal/command.js';

/** Largest file of a picture or a mask, in bytes. */
const mostBytes = 1e9;

/** The known picture of `rin sample` with its mask, and a sentence about them. */
export interface KnownPicture {
  readonly options: KnownOptions;
  readonly line: string;
}

/**
 * Reads `--known` and `--mask`. Both are scaled as the training pictures were, so the mask stays in its place.
 * @returns undefined if no picture is known
 * @throws RinError if a file cannot be read, or the mask has another size than the picture
 */
export async function knownPicture({ config, network }: Model, given: Given): Promise<KnownPicture | undefined> {
  const [picture, mask] = [given.text('--known'), given.text('--mask')];
  if (picture === undefined || mask === undefined) return undefined;
  if (formatsOf(config.model)?.medium !== 'picture')
    throw new RinError(`--known ${picture}: this model makes no pictures; call sample() in a program instead`);
  const { resize, background } = config.data;
  const { shape } = network.sample;
  const [pictureFile, maskFile] = [await open(picture), await open(mask)];
  if (maskFile.size !== pictureFile.size)
    throw new RinError(`${mask} has ${maskFile.size} pixels, but ${picture} has ${pictureFile.size}; make both equal`);
  const maskShape = [1, ...shape.slice(1)];
  const known = await pictureFile.pixels({ shape, resize, background });
  const drawn = await maskFile.pixels({ shape: maskShape, resize, background: '#000000' });
  const white = drawn.reduce((sum, value) => sum + (value >= 128 ? 1 : 0), 0);
  return {
    options: {
      known: { data: known, shape },
      mask: { data: drawn, shape: maskShape },
      ...{ resample: given.wholeNumber('--resample', 1), jump: given.wholeNumber('--jump', 1) },
    },
    line: `known: ${picture}; ${count(white)} of ${count(drawn.length)} pixels are drawn`,
  };
}

/** A picture file: its size as text, such as 64×64, and its pixels at another size. */
interface PictureFile {
  readonly size: string;
  readonly pixels: (target: Parameters<typeof decode>[1]) => Promise<Uint8Array>;
}

async function open(path: string): Promise<PictureFile> {
  const bytes = readNamed(path, mostBytes);
  const naming = async <T>(action: Promise<T>): Promise<T> => {
    try {
      return await action;
    } catch (error) {
      throw new RinError(`cannot read ${path} as a picture: ${oneLine(error)}`);
    }
  };
  const { width, height } = await naming(readHeader(bytes));
  return { size: `${width}×${height}`, pixels: (target) => naming(decode(bytes, target)) };
}
