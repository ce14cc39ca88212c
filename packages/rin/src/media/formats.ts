import { type PatchedShape, sizeList } from '@rin/core';
import { type Medium, mediumOf } from './medium.js';

/** Formats of files, by their endings. */
export type Format = 'png' | 'webp' | 'gif' | 'mp4' | 'wav';

/**
 * The words and the files of a medium. Everything that names files asks it, so a further medium joins here and in
 * `presentation.ts`.
 */
export interface MediumFormats {
  readonly medium: Medium;
  /** the word for a sample */
  readonly noun: string;
  /** of a file with one sample; the first is the usual one */
  readonly single: readonly Format[];
  /** of a file with many samples; the first is the usual one */
  readonly sheet: readonly Format[];
  /** of the previews of a run; the first shows all samples, the others the first one of each row */
  readonly preview: readonly Format[];
  /** whether samples have a frame rate */
  readonly isMoving: boolean;
  /** whether stills are wide, so that only one fits into a row */
  readonly isWide: boolean;
}

const formats: Readonly<Record<Medium, MediumFormats>> = {
  sound: {
    medium: 'sound',
    noun: 'sound',
    single: ['wav', 'png'],
    sheet: ['wav', 'png'],
    preview: ['png', 'wav'],
    isMoving: false,
    isWide: false,
  },
  picture: {
    medium: 'picture',
    noun: 'picture',
    single: ['png'],
    sheet: ['png'],
    preview: ['png'],
    isMoving: false,
    isWide: false,
  },
  clip: {
    medium: 'clip',
    noun: 'clip',
    single: ['webp', 'gif', 'mp4', 'png'],
    sheet: ['webp', 'gif', 'mp4', 'png'],
    preview: ['webp', 'png'],
    isMoving: true,
    isWide: true,
  },
};

/**
 * The formats of the samples of a network.
 * @param model the `model` section
 * @returns undefined if they are not in grey or colour; or if they are sounds of more than one channel
 */
export function formatsOf({ channels, size }: Pick<PatchedShape, 'channels' | 'size'>): MediumFormats | undefined {
  const medium = mediumOf([channels, ...sizeList(size)]);
  const isKnown = channels === 1 || (channels === 3 && medium !== 'sound');
  return isKnown ? formats[medium] : undefined;
}

/** The word for a sample of a network in messages. @param model the `model` section */
export const nounOf = (model: Pick<PatchedShape, 'channels' | 'size'>): string => formatsOf(model)?.noun ?? 'sample';
