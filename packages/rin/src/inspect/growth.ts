import { geometry, patchList, sizeList } from '@rin/core';
import type { Config } from '../config/config.js';
import { mergeConfig, parseConfig } from '../config/parse.js';
import { type Inspection, inspect } from './inspection.js';

/** Fewest and most interface tokens of a size that is shown. */
const [fewestTokens, mostTokens] = [16, 2 ** 16];

/** Factors of the sides, powers of two. */
const factors = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16];

/** Most sizes that are shown. */
const mostSizes = 6;

/**
 * The same network at other resolutions: sides of a quarter, a half, twice, four times, … The patch, the frames of a clip and
 * all widths stay. So tokens grow with the number of pixels, and only the interface grows with them.
 * @returns up to six sizes in ascending order; the own size is among them
 */
export function growth(config: Config): Inspection[] {
  const own = sizeList(config.model.size);
  const patch = patchList(config.model.patch, own.length);
  const isTime = (axis: number) => own.length === 3 && axis === 0;
  const sizes = factors.flatMap((factor) => {
    const size = own.map((extent, axis) => (isTime(axis) ? extent : extent * factor));
    const fits = size.every((extent, axis) => extent >= patch[axis] && extent % patch[axis] === 0);
    const { tokens } = geometry({ ...config.model, size });
    const isShown = factor === 1 || (tokens >= fewestTokens && tokens <= mostTokens);
    return fits && isShown ? [{ factor, size }] : [];
  });
  const place = sizes.findIndex(({ factor }) => factor === 1);
  const first = Math.max(0, Math.min(place - 2, sizes.length - mostSizes));
  return sizes.slice(first, first + mostSizes).map(({ size }) => inspect(resized(config, size)));
}

/** The configuration with another size. A batch of one keeps a large size within the limits of a configuration. */
function resized(config: Config, size: readonly number[]): Config {
  const isSquare = typeof config.model.size === 'number';
  const changes = { model: { size: isSquare ? size[0] : [...size] }, training: { batch: 1, microBatch: 1 } };
  return parseConfig(mergeConfig(config, changes), `${config.name} at ${size.join(' × ')}`);
}
