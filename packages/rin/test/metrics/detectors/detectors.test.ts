import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memory } from '@rin/torch';
import { openDetector } from '../../../src/index.js';
import { beside, difference, json } from './fixtures.js';
import { stateDict } from './stateDict.js';

const folder = mkdtempSync(join(tmpdir(), 'rin-detectors-'));
after(() => rmSync(folder, { recursive: true }));

const answers = json('standIn.json') as {
  readonly inception: { readonly features: number[][]; readonly logits: number[][] };
  readonly i3d: { readonly features: number[][] };
};
const pixels = (index: number, count: number) =>
  Uint8Array.from({ length: count }, (_, i) => ((index * count + i) * 7919) % 256);
const pictures = [pixels(0, 3 * 8 * 8), pixels(1, 3 * 8 * 8)];
const shape = [3, 8, 8];

test('a TorchScript of the signature of NVIDIA’s Inception gives its features, and logits without a bias', async () => {
  const detector = await openDetector({ name: 'inception', path: beside('inceptionStandIn.pt') });
  const { features, logits } = detector.extract(pictures, shape);
  assert.deepEqual([detector.medium, detector.features, detector.classes], ['picture', 2048, 5]);
  // PyTorch gave these numbers from the same file, in float32; both sum in other orders.
  const some = features.filter((_, i) => i % 64 === 0);
  assert.ok(difference(some, answers.inception.features.flat()) < 1e-5);
  assert.ok(difference(logits, answers.inception.logits.flat()) < 1e-5);
  detector.dispose();
});

test('a TorchScript of the signature of StyleGAN-V’s I3D gives the logits before the softmax', async () => {
  const detector = await openDetector({ name: 'i3d', path: beside('i3dStandIn.pt') });
  const { features, logits } = detector.extract([pixels(0, 3 * 16 * 8 * 8)], [3, 16, 8, 8]);
  assert.deepEqual([detector.medium, detector.features, detector.classes], ['clip', 400, 400]);
  assert.ok(
    difference(
      features.filter((_, i) => i % 8 === 0),
      answers.i3d.features.flat(),
    ) < 1e-5,
  );
  assert.deepEqual(logits, features);
  detector.dispose();
});

test('only the published weights give FID and FVD; others carry their SHA-256 in the name', async () => {
  const inception = await openDetector({ name: 'inception', path: beside('inceptionStandIn.pt') });
  const i3d = await openDetector({ name: 'i3d', path: beside('i3dStandIn.pt') });
  for (const [detector, family] of [
    [inception, 'Inception'],
    [i3d, 'I3D'],
  ] as const) {
    assert.match(detector.sha256, /^[0-9a-f]{64}$/);
    const mark = detector.sha256.slice(0, 8);
    assert.deepEqual(detector.figures, { frechet: `FD-${family}-${mark}`, kernel: `KID-${family}-${mark}` });
    detector.dispose();
  }
  assert.equal(inception.file, 'inceptionStandIn.pt');
  assert.match(inception.preprocessing, /299×299/);
});

test('grey pictures are repeated three times, and batches of any size give the same features', async () => {
  const detector = await openDetector({ name: 'inception', path: beside('inceptionStandIn.pt') });
  const grey = pixels(0, 64);
  const colour = Uint8Array.from([...grey, ...grey, ...grey]);
  assert.deepEqual(detector.extract([grey], [1, 8, 8]), detector.extract([colour], shape));
  const many = Array.from({ length: 20 }, (_, i) => pictures[i % 2]);
  const { features } = detector.extract(many, shape);
  const two = detector.extract(pictures, shape).features;
  // Sums of a larger batch may be in another order.
  for (let i = 0; i < 10; i++)
    assert.ok(difference(features.subarray(4096 * i, 4096 * (i + 1)), [...two]) < 1e-5, `pictures ${2 * i}`);
  assert.deepEqual(detector.extract([], shape), { features: new Float32Array(0), logits: new Float32Array(0) });
  assert.equal(detector.extract([pixels(0, 3)], [3, 1, 1]).features.length, 2048);
  detector.dispose();
});

test('samples that do not fit the detector are one sentence', async () => {
  const picture = await openDetector({ name: 'inception', path: beside('inceptionStandIn.pt') });
  const clip = await openDetector({ name: 'i3d', path: beside('i3dStandIn.pt') });
  const fails = (call: () => unknown, message: string | RegExp) => assert.throws(call, { name: 'RinError', message });
  fails(
    () => picture.extract([pixels(0, 3 * 4 * 64)], [3, 4, 8, 8]),
    'the detector inception takes pictures [C, H, W], got samples of the shape [3, 4, 8, 8]; for clips use --detector i3d',
  );
  fails(
    () => clip.extract(pictures, shape),
    'the detector i3d takes clips [C, T, H, W], got samples of the shape [3, 8, 8]; for pictures use --detector inception',
  );
  fails(() => picture.extract([pixels(0, 4 * 64)], [4, 8, 8]), /takes pictures of 1 or 3 channels, got .*\[4, 8, 8\]/);
  fails(() => picture.extract([pixels(0, 100)], shape), /a sample has 100 bytes, but \[3, 8, 8\] needs 192/);
  fails(() => picture.extract([pixels(0, 0)], [3, 0, 8]), /are empty/);
  picture.dispose();
  clip.dispose();
});

test('a wrong name, size or file is one sentence', async () => {
  const fails = (request: { name: string; path?: string; size?: number }, message: RegExp) =>
    assert.rejects(openDetector(request), (error: Error) => {
      assert.equal(error.name, 'RinError', error.stack);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  const write = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  await fails(
    { name: 'vgg' },
    /no detector "vgg"; expected one of efficientnet-lite0, i3d-kinetics-400, inception, i3d$/,
  );
  await fails({ name: 'inception' }, /needs your own file: name it with --detector-file/);
  await fails({ name: 'efficientnet-lite0', size: 100 }, /takes the sizes 128 and 224, got 100/);
  await fails({ name: 'inception', path: beside('inceptionStandIn.pt'), size: 128 }, /takes no size, got 128/);
  await fails({ name: 'inception', path: join(folder, 'absent.pt') }, /cannot read .*absent\.pt: it is gone/);
  await fails({ name: 'inception', path: folder }, /cannot read/);
  await fails(
    { name: 'inception', path: write('empty.pth', Buffer.alloc(0)) },
    /empty\.pth holds no weights of Inception/,
  );
  await fails(
    { name: 'inception', path: write('text.pth', Buffer.from('hello')) },
    /text\.pth holds no weights of Inception/,
  );
  const script = readFileSync(beside('inceptionStandIn.pt'));
  await fails({ name: 'inception', path: write('cut.pt', script.subarray(0, 20_000)) }, /cut\.pt: no TorchScript/);
  await fails({ name: 'i3d', path: write('short.pt', script.subarray(0, 20_000)) }, /short\.pt: no TorchScript/);
  await fails({ name: 'inception', path: beside('i3dStandIn.pt') }, /i3dStandIn\.pt: forward failed/);
  const other = write('other.pth', stateDict([['fc.weight', [2, 3], new Float32Array(6)]]));
  await fails({ name: 'inception', path: other }, /other\.pth holds no weights of Inception: it has no Conv2d_1a_3x3/);
  await fails({ name: 'efficientnet-lite0', path: other }, /other\.pth holds no weights of EfficientNet-Lite0/);
  await fails({ name: 'i3d-kinetics-400', path: other }, /other\.pth holds no weights of I3D/);
  const wrong = await openDetector({ name: 'i3d', path: beside('inceptionStandIn.pt') });
  assert.throws(() => wrong.extract([pixels(0, 3 * 16 * 64)], [3, 16, 8, 8]), {
    name: 'RinError',
    message: /inceptionStandIn\.pt: forward failed: unknown argument rescale/,
  });
  wrong.dispose();
});

test('a detector that is disposed leaves no tensors', async () => {
  const before = memory().tensors;
  const detector = await openDetector({ name: 'inception', path: beside('inceptionStandIn.pt') });
  detector.extract(pictures, shape);
  detector.dispose();
  assert.equal(memory().tensors, before);
});
