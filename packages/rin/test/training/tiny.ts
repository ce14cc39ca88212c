import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.js';
import { mergeConfig, parseConfig } from '../../src/config/parse.js';

/** A network of 8×8 pixels in two classes that trains 96 images in about a second. */
const base = {
  name: 'tiny',
  model: {
    size: 8,
    patch: 4,
    channels: 1,
    classes: 2,
    latents: 6,
    latentDim: 16,
    latentHeads: 2,
    interfaceDim: 16,
    readWriteHeads: 2,
    depth: [1],
    dropout: 0.1,
  },
  diffusion: { labelDropout: 0.1 },
  training: {
    images: 96,
    batch: 8,
    microBatch: 4,
    warmup: 16,
    learningRate: 0.01,
    clipNorm: 1,
    device: 'cpu',
    precision: 'float32',
    threads: 1,
    logEvery: 16,
    sampleEvery: 48,
    checkpointEvery: 24,
  },
  sampling: { steps: 2 },
};

export const tiny = (over: object = {}): Config => parseConfig(mergeConfig(base, over), 'tiny');

/** Twelve samples: a bright half that is left in class 0 and right in class 1. */
export const samples = Array.from({ length: 12 }, (_, i) => ({
  pixels: Uint8Array.from({ length: 64 }, (_, j) => (j % 8 < 4 === (i % 2 === 0) ? 255 : 20 * i)),
  label: i % 2,
}));

/** The changes that make `tiny` a network of clips: 4 frames of 4×4 pixels, which is also a length of `samples`. */
export const clipModel = { model: { size: [4, 4, 4], patch: [2, 2, 2] } };

/** Twelve clips: a bright bar that moves, in two classes. */
export const clips = Array.from({ length: 12 }, (_, i) => ({
  pixels: Uint8Array.from({ length: 64 }, (_, j) => ((j + Math.floor(j / 16) + i) % 4 < 2 ? 255 : 20 * i)),
  label: i % 2,
}));

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, which goes with this process. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rin-training-'));
  folders.push(folder);
  return folder;
}

/** The changes that make `tiny` a network of sounds: 64 values, which is also a length of `samples`. */
export const soundModel = { model: { size: [64], patch: [8] } };

/** The files that a run of pictures leaves, and those that runs of clips and sounds leave. */
const pictureFiles = ['model.safetensors', 'fakes-000000.048k.png', 'fakes-000000.096k.png', 'reals.png'];
const filesWith = (ending: string) =>
  pictureFiles.flatMap((name) => (name.endsWith('.png') ? [name, name.replace('.png', ending)] : [name]));
export const clipFiles = filesWith('.webp');
const soundFiles = filesWith('.wav');

/** The three media: what makes `tiny` a network of each, and the files that a run leaves. `samples` fit all. */
export const media = {
  pictures: { changes: {}, files: pictureFiles },
  clips: { changes: clipModel, files: clipFiles },
  sounds: { changes: soundModel, files: soundFiles },
};

/** What must not depend on interruptions: the statistics, and digests of weights and pictures. */
export const outcome = (run: string, files: readonly string[] = pictureFiles) => ({
  stats: readFileSync(join(run, 'stats.jsonl'), 'utf8'),
  ...Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(run, name)))
        .digest('hex'),
    ]),
  ),
});
