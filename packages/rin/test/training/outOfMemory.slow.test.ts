import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/core/config/config.js';
import { loadModel } from '../../src/diffusion/modelFile.js';
import { train } from '../../src/training/trainer.js';
import { freshFolder, samples, tiny } from './tiny.js';

/** A network of 64 tokens with a hidden layer of 2048 each: 512 kB for every one of its tensors and samples. */
const wide = (training: object, model: object = {}): Config =>
  tiny({
    model: { patch: 1, interfaceDim: 64, interfaceMlpRatio: 32, depth: [1, 0], ...model },
    training: {
      batch: 192,
      microBatch: 192,
      images: 384,
      logEvery: 192,
      checkpointEvery: 384,
      sampleEvery: 0,
      ...training,
    },
  });

const script = fileURLToPath(new URL('limitedChild.js', import.meta.url));

function trainLimited(config: Config, megabytes: number) {
  const runsFolder = freshFolder();
  const args = [script, JSON.stringify(config), runsFolder, String(megabytes)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { run: join(runsFolder, '00000-samples-8-tiny'), stdout, stderr, status };
}

const hasLimits = (() => {
  try {
    return execFileSync('prlimit', ['--version']).length > 0 && readFileSync('/proc/self/status').length > 0;
  } catch {
    return false;
  }
})();
const skip = hasLimits ? false : 'there is no prlimit, which gives a process less memory';

test('memory that runs out halves the micro-batch: the same batch, the same draws, the same bits', {
  skip,
}, async () => {
  const { run, stdout, stderr, status } = trainLimited(wide({}), 450);
  assert.equal(status, 0, stderr);
  const found =
    /\nout of memory with 192 images in one pass: from here on (\d+), in \d+ passes; the batch stays 192\n/.exec(
      stdout,
    );
  assert.ok(found, stdout);
  const microBatch = Number(found[1]);
  assert.ok(microBatch < 192 && 192 % microBatch === 0, `${microBatch}`);
  assert.match(readFileSync(join(run, 'log.txt'), 'utf8'), /out of memory with 192 images in one pass/);
  assert.match(readFileSync(join(run, 'config.yaml'), 'utf8'), /microBatch: 192\n/);

  // Dropout is drawn for a micro-batch, and sums are made in its order: asked for this size at once, every bit is the same.
  const small = await train({ config: wide({ microBatch }), data: samples, runsFolder: freshFolder() });
  assert.ok(small.run);
  const stats = (folder: string) => readFileSync(join(folder, 'stats.jsonl'), 'utf8');
  assert.equal(stats(run), stats(small.run));
  const values = async (folder: string) => {
    const { network } = await loadModel(join(folder, 'model.safetensors'));
    return Object.entries(network.parameters()).map(([name, tensor]) => [name, tensor.detach().toTypedArray()]);
  };
  assert.deepEqual(await values(run), await values(small.run));
});

test('where not even one sample fits, the error says what takes less', { skip }, () => {
  const { stderr, status } = trainLimited(
    wide({ batch: 3, microBatch: 3, images: 48 }, { size: 64, interfaceMlpRatio: 256 }),
    450,
  );
  assert.equal(status, 1);
  // 4,096 tokens with a hidden layer of 16,384: 268 MB for each of its tensors
  assert.match(stderr, /RinError: there is not enough memory for a single sample; it takes less with larger patches/);
});
