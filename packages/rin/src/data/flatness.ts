/*
 * How a drawn picture differs from a photograph: it has flat areas, or few colours.
 *
 * Measured on up to 48 pictures of each set. "flat" is the median share of blocks of 2×2 equal pixels; "drawn" is the number of
 * pictures that `isDrawn` takes for drawn (test/data/traits.slow.test.ts measures the sets again).
 *
 * | set                                        | flat | drawn of 48 |
 * |--------------------------------------------|------|-------------|
 * | flower photographs, JPEG, 128 px           | 0.01 |           2 |
 * | the same in grey; as GIF of 256 colours    | 0.00; 0.07 | 4; 16 |
 * | CIFAR-10, 32 px                            | 0.00 |           1 |
 * | the same in grey; as GIF of 256 colours    | 0.00; 0.01 |  2; 1 |
 * | Noto emoji, PNG, 128 px                    | 0.83 |          48 |
 * | the same at 32 px; as JPEG of quality 75   | 0.26; 0.30 | 40; 46 |
 * | Twemoji, drawn at 128 px                   | 0.87 |          48 |
 * | the same at 32 px; as JPEG of quality 75   | 0.16; 0.19 | 34; 42 |
 * | sprites of people, GIF, 64 px              | 0.78 |          48 |
 * | game tiles with texture, PNG, 32 px        | 0.25 |          39 |
 *
 * So a share of 0.1 is between the largest median of photographs (0.07) and the smallest of drawings (0.16). Textured tiles
 * that were saved as JPEG have neither flat areas nor few colours, so they are taken for photographs.
 */

/** Smallest share of flat blocks in a drawn picture. */
const flatShare = 0.1;

/** Most colours of a drawn picture with texture, and the fewest pixels for each colour. A photograph of 32×32 has over 200. */
const [mostColours, pixelsPerColour] = [64, 8];

/**
 * Whether a picture has flat areas or few colours.
 * @param pixels uint8, interleaved [height, width, 3]
 */
export function isDrawn(pixels: Uint8Array, width: number, height: number): boolean {
  const colours = Int32Array.from(
    { length: width * height },
    (_, i) => (pixels[3 * i] << 16) | (pixels[3 * i + 1] << 8) | pixels[3 * i + 2],
  );
  const different = new Set(colours).size;
  if (different <= Math.min(mostColours, colours.length / pixelsPerColour)) return true;
  let flat = 0;
  for (let y = 0; y + 1 < height; y++)
    for (let i = y * width; i + 1 < (y + 1) * width; i++) {
      const colour = colours[i];
      if (colour === colours[i + 1] && colour === colours[i + width] && colour === colours[i + width + 1]) flat++;
    }
  return flat >= flatShare * (width - 1) * (height - 1);
}

/** Whether every pixel is grey. @param pixels uint8, interleaved [height, width, 3] */
export function isGrey(pixels: Uint8Array): boolean {
  for (let i = 0; i + 2 < pixels.length; i += 3)
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  return true;
}
