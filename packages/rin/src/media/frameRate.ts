import { RinError, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';
import { soundRate } from '../config/data.js';

/** Frames per second of a clip, if nothing says otherwise. */
export const usualFrameRate = 10;

/** Frames per second of the clips of a model: those of its data if they are set, at most 60. */
export const frameRateOf = ({ data }: Pick<Config, 'data'>): number =>
  Math.min(data.frameRate ?? usualFrameRate, mostFrameRate);

/** How fast samples of a model play: frames per second of clips, samples per second of sounds. */
export const playRate = (config: Pick<Config, 'model' | 'data'>): number =>
  sizeList(config.model.size).length === 1 ? soundRate(config.data) : frameRateOf(config);

/** Players show faster animations slowly: they take a time of up to 10 ms for 100 ms. */
export const mostFrameRate = 60;
/** A time of 20 ms, the shortest that players keep in a GIF. */
export const mostFrameRateOfGif = 50;
export const fewestFrameRate = 0.1;

/** Returns a frame rate that a file can have. @throws RinError if it is not 0.1 to `most` frames per second */
export function checkFrameRate(rate: number, most = mostFrameRate, what = 'a clip'): number {
  if (rate >= fewestFrameRate && rate <= most) return rate;
  throw new RinError(`frame rate ${rate}: expected ${fewestFrameRate} to ${most} frames per second for ${what}`);
}

/**
 * The time of each frame in milliseconds. Times are whole multiples of a unit, and their sum has no rounding error of more
 * than half a unit.
 * @param rate frames per second
 * @param unit shortest time that the format stores, in milliseconds
 */
export function frameTimes(frames: number, rate: number, unit = 1): number[] {
  const begins = (frame: number) => unit * Math.round((1000 * frame) / rate / unit);
  return Array.from({ length: frames }, (_, frame) => begins(frame + 1) - begins(frame));
}
