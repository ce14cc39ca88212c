/** A filter for scaling: its weight at a distance in pixels of the smaller picture, zero from `support` on. */
interface Filter {
  readonly support: number;
  weight(x: number): number;
}

/** The mean of what falls together, as Pillow has it. */
const box: Filter = { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Cubic convolution with a = −1/2 (R. Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981), as Pillow has it. */
const bicubic: Filter = {
  support: 2,
  weight(x) {
    const d = Math.abs(x);
    if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
    return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
  },
};

/**
 * Scales planar pixels, first across and then down, each rounded to a byte: value for value what Pillow's `resize` gives
 * (`ImagingResample` in its Resample.c), by which published data sets were made.
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

/** Weights are whole multiples of 2⁻²², as Pillow's are (`PRECISION_BITS`), so that nothing depends on how sums round. */
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
        let sum = 1 << (fractionBits - 1); // a half, which rounds; all sums are below 2³¹
        for (let i = 0, from = start + column; i < weights.length; i++, from += after) sum += pixels[from] * weights[i];
        const value = sum >> fractionBits;
        out[to++] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
  return out;
}

/** Which values make the new one at `place`, and how much each counts. */
function tapsAt(place: number, scale: number, length: number, filter: Filter) {
  const spread = Math.max(1, scale); // what is made smaller is averaged over all that falls together
  const centre = (place + 0.5) * scale;
  const reach = filter.support * spread;
  const first = Math.max(0, Math.trunc(centre - reach + 0.5));
  const end = Math.min(length, Math.trunc(centre + reach + 0.5));
  const shares = Array.from({ length: end - first }, (_, i) => filter.weight((first + i - centre + 0.5) / spread));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return { first, weights: Int32Array.from(shares, (share) => roundAway((share / total) * 2 ** fractionBits)) };
}

/** Half is rounded away from zero. */
const roundAway = (x: number): number => Math.trunc(x + 0.5 * Math.sign(x));

/**
 * The centre of a picture as the authors of ADM (Dhariwal and Nichol, "Diffusion Models Beat GANs on Image Synthesis") cut
 * it for their data: halved by averaging while it stays at least twice as large as the result, then scaled bicubically so
 * that it just covers the result, then cut (`center_crop_arr` in their image_datasets.py).
 * @param pixels bytes, planar; they stay as they are
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

/** As Python rounds. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}
