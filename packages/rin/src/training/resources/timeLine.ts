import { count, roughly } from '@rin/core';

/**
 * A sentence about the time that `images` images take.
 * @param seconds the time, with previews and held-out losses
 * @param basis   how the speed was measured
 */
export const timeLine = (images: number, seconds: number, imagesPerSecond: number, basis: string): string =>
  `time: about ${roughly(seconds)} for ${count(images)} images, ${perSecond(imagesPerSecond)} images/s ${basis}`;

const perSecond = (images: number): string => (images < 100 ? images.toPrecision(2) : count(Math.round(images)));
