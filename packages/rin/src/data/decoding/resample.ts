/** A filter for scaling. `weight` takes a distance in pixels of the smaller picture, and is zero from `support` on. */
interface Filter {
  readonly support: number;
  weight(x: number): number;
}

/** The mean of the pixels that become one pixel, as in Pillow. */
const box: Filter = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/**
 * Cubic convolution with a = −1/2, as in Pillow. Source: R. Keys, "Cubic Convolution Interpolation for Digital Image
 * Processing", 1981.
 */
const bicubic: Filter = {
  support: 2,
  weight(x) {
    const d = Math.abs(x);
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  },
};

/**
 * Scales planar pixels, first the width and then the height. Both passes round to bytes. The values are exactly those
 * of Pillow's `resize` (`ImagingResample` in its Resample.c), which made published data sets.
 * @param pixels bytes, planar
 * @param shape  [C, H, W] of the pixels
 * @param size   [H, W] of the result
 * @returns planar pixels [C, H, W]
 */
function resample(
  pixels: Uint8Array,
  [channels, height, width]: readonly number[],
  [newHeight, newWidth]: readonly number[],
  filter: Filter,
): Uint8Array {
  const across = scaleAxis(pixels, channels * height, width, 1, newWidth, filter);
  return scaleAxis(across, channels, height, newWidth, newHeight, filter);
}

/** Weights are multiples of 2⁻²², as in Pillow (`PRECISION_BITS`), so sums are exact in every order. */
const fractionBits = 22;

/** Scales the middle axis of [before, length, after]. */
function scaleAxis(
  pixels: Uint8Array,
  before: number,
  length: number,
  after: number,
  newLength: number,
  filter: Filter,
): Uint8Array {
  if (newLength === length) return pixels;
  const out = new Uint8Array(before * newLength * after);
  const taps = Array.from({ length: newLength }, (_, place) => tapsAt(place, length / newLength, length, filter));
  let to = 0;
  for (let row = 0; row < before; row++) {
    for (const { first, weights } of taps) {
      const start = (row * length + first) * after;
      for (let column = 0; column < after; column++) {
        let sum = 1 << (fractionBits - 1); // one half, for rounding; all sums are below 2³¹
        for (let i = 0, from = start + column; i < weights.length; i++, from += after) sum += pixels[from] * weights[i];
        const value = sum >> fractionBits;
        out[to++] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return out;
}

/** The values that make the new value at `place`, and their weights. */
function tapsAt(place: number, scale: number, length: number, filter: Filter) {
  const spread = Math.max(1, scale); // shrinking averages over all pixels that become one
  const centre = (place + 0.5) * scale;
  const reach = filter.support * spread;
  const first = Math.max(0, Math.trunc(centre - reach + 0.5));
  const end = Math.min(length, Math.trunc(centre + reach + 0.5));
  const shares = Array.from({ length: end - first }, (_, i) => filter.weight((first + i - centre + 0.5) / spread));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return { first, weights: Int32Array.from(shares, (share) => roundAway((share / total) * 2 ** fractionBits)) };
}

/** Rounds halves away from zero. */
const roundAway = (x: number): number => Math.trunc(x + 0.5 * Math.sign(x));

/**
 * Cuts out the centre of a picture as ADM does. The picture is halved by averaging while both sides are at least twice
 * the result's. Then it is scaled bicubically until it just covers the result, and cut. Source: `center_crop_arr` in
 * image_datasets.py by the authors of "Diffusion Models Beat GANs on Image Synthesis" (Dhariwal and Nichol, 2021).
 * @param pixels bytes, planar; they are not changed
 * @param shape  [C, H, W] of the pixels
 * @param size   [H, W] of the result
 * @returns planar pixels [C, H, W]
 */
export function centerCropDhariwal(pixels: Uint8Array, shape: readonly number[], size: readonly number[]): Uint8Array {
  const channels = shape[0];
  let [data, [, height, width]] = [pixels, shape];
  const to = (newHeight: number, newWidth: number, filter: Filter) => {
    data = resample(data, [channels, height, width], [newHeight, newWidth], filter);
    [height, width] = [newHeight, newWidth];
  };
  while (height >= 2 * size[0] && width >= 2 * size[1]) to(Math.floor(height / 2), Math.floor(width / 2), box);
  const scale = Math.max(size[0] / height, size[1] / width);
  to(roundHalfEven(height * scale), roundHalfEven(width * scale), bicubic);
  const [top, left] = [Math.floor((height - size[0]) / 2), Math.floor((width - size[1]) / 2)];
  const out = new Uint8Array(channels * size[0] * size[1]);
  for (let row = 0; row < channels * size[0]; row++) {
    const [channel, y] = [Math.floor(row / size[0]), row % size[0]];
    const from = (channel * height + top + y) * width + left;
    out.set(data.subarray(from, from + size[1]), row * size[1]);
  }
  return out;
}

/** Rounds halves to even, as Python does. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}
