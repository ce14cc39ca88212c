import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noGrad, philoxNormal, scope, type Tensor, tensor, unsafe, zeros } from '@rin/torch';
import { type Dataset, openDataset, parseConfig } from '../../../src/index.js';
import { kernelDistance } from '../../../src/metrics/kernel.js';
import { fetchedDetector } from './fixtures.js';

// Only decoded pictures go into a folder of this test; weights stay in the cache of the user.
const folder = mkdtempSync(join(tmpdir(), 'rin-order-'));
process.env.RIN_DATA_CACHE = folder;
after(() => rmSync(folder, { recursive: true }));

const path = fileURLToPath(new URL('../../../../../../../shared/data/cifar10/test.tar', import.meta.url));
const side = 32;
const shape = [3, side, side];

function sample(data: Dataset, index: number): Uint8Array {
  const pixels = new Uint8Array(3 * side * side);
  data.read(index, pixels);
  return pixels;
}

const bytesOf = (pixels: Tensor) => pixels.round().clamp(0, 255).to('uint8').toTypedArray() as Uint8Array;

/** Normal noise on a picture; `index` makes it another one for each picture. */
const noisy = (picture: Uint8Array, deviation: number, index: number): Uint8Array =>
  scope(() => {
    const noise = philoxNormal(zeros([1, ...shape]), { seed: 1, samples: [index] });
    return bytesOf(
      tensor(picture, [1, ...shape])
        .float()
        .add(noise.mul(deviation)),
    );
  });

/** Scaled down to some pixels and up again. */
const blurred = (picture: Uint8Array, pixels: number): Uint8Array =>
  scope(() =>
    noGrad(() => {
      const scaled = (x: Tensor, size: number) =>
        unsafe.call('aten::_upsample_bilinear2d_aa', [x, [size, size], false]) as Tensor;
      return bytesOf(scaled(scaled(tensor(picture, [1, ...shape]).float(), pixels), side));
    }),
  );

test('the kernel distance of EfficientNet-Lite0 grows with noise, blur, missing classes and repetition', async (t) => {
  if (!existsSync(path)) return t.skip(`no ${path}`);
  const detector = await fetchedDetector({ name: 'efficientnet-lite0' });
  if (typeof detector === 'string') return t.skip(detector);
  const options = parseConfig({ model: { size: [side, side], channels: 3, patch: 4 } }, 'test').data;
  const data = await openDataset(path, { size: side, channels: 3, data: options });
  // The archive is sorted by class: 1,000 pictures of each.
  const spread = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => sample(data, ((i % 10) * 1000 + from + Math.floor(i / 10)) % data.length));
  const features = (pictures: readonly Uint8Array[]) => {
    const { features: values } = detector.extract(pictures, shape);
    return { count: pictures.length, width: detector.features, values };
  };
  const reference = features(spread(0, 200));
  const others = spread(500, 100);
  const distance = async (pictures: readonly Uint8Array[]) =>
    (await kernelDistance(features(pictures), reference)).value;
  const noise = (deviation: number) => distance(others.map((picture, i) => noisy(picture, deviation, i)));
  const blur = (pixels: number) => distance(others.map((picture) => blurred(picture, pixels)));
  const clean = await distance(others);
  const rows = {
    noise: [clean, await noise(8), await noise(32)],
    blur: [clean, await blur(12)],
    classes: [clean, await distance(Array.from({ length: 100 }, (_, i) => sample(data, 3500 + i)))],
    repeated: [clean, await distance(Array.from({ length: 100 }, (_, i) => others[i % 5]))],
  };
  // Its standard error is about 0.015 for these sets; the steps are above 0.1.
  for (const [name, values] of Object.entries(rows))
    for (let i = 1; i < values.length; i++)
      assert.ok(values[i] > values[i - 1] + 0.05, `${name}: ${values.map((value) => value.toFixed(3)).join(', ')}`);
  assert.ok(Math.abs(clean) < 0.05, `other pictures of the same data: ${clean}`);
  detector.dispose();
  data.close();
});
