import type { Detector } from '../../src/metrics/detectors/detector.js';

/**
 * A detector for tests. Its features are the means of the four quarters of a picture or of its first frame, from 0 to 1, and the
 * mean of all squares. They have a closed form, need no weights, and tell pictures apart.
 */
export function standIn(over: Partial<Detector> = {}): Detector & { readonly seen: number[] } {
  const seen: number[] = []; // samples in each call
  return {
    name: 'efficientnet-lite0',
    figures: { frechet: 'FD-StandIn', kernel: 'KID-StandIn' },
    file: 'none.bin',
    sha256: '5'.repeat(64),
    preprocessing: 'quarters, 0 to 1',
    medium: 'picture',
    features: 5,
    classes: 3,
    dispose() {},
    extract(batch, shape) {
      seen.push(batch.length);
      const [height, width] = shape.slice(-2);
      const rows = batch.map((pixels) => {
        const quarters = [0, 0, 0, 0];
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            quarters[2 * Number(2 * y >= height) + Number(2 * x >= width)] += pixels[y * width + x];
        const squares = pixels.reduce((sum, value) => sum + (value / 255) ** 2, 0) / pixels.length;
        return [...quarters.map((sum) => sum / (height * width) / 64), squares];
      });
      return {
        features: Float32Array.from(rows.flat()),
        logits: Float32Array.from(rows.flatMap((row) => row.slice(0, over.classes ?? 3).map((value) => 4 * value))),
      };
    },
    ...over,
    seen,
  };
}
