import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../src/config/config.js';
import { trainOrStop as train } from '../../../src/training/trainer.js';
import { freshFolder, samples, tiny } from '../tiny.js';

/** A network of 64 tokens with a hidden layer of 2048 each: 512 kB for every one of its tensors and samples. */
const wide = (training: object, model: object = {}): Config =>
  tiny({
    model: { patch: 1, interfaceDim: 64, interfaceMlpRatio: 32, depth: [1, 0], ...model },
    training: {
      batch: 192,
      microBatch: 192,
      images: 384,
      logEvery: 192,
      checkpointEvery: 192,
      warmup: 0,
      sampleEvery: 0,
      ...training,
    },
  });

const script = fileURLToPath(new URL('limitedChild.js', import.meta.url));

function trainLimited(config: Config, megabytes: number) {
  const runsFolder = freshFolder();
  const args = [script, JSON.stringify(config), runsFolder, String(megabytes)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const [run = ''] = readdirSync(runsFolder);
  return { run: join(runsFolder, run), stdout, stderr, status };
}

/** A run that found too little memory, and ended. */
function trainHalved(config: Config) {
  const { run, stdout, stderr, status } = trainLimited(config, 600);
  assert.equal(status, 0, stderr);
  return { run, stdout };
}

const hasLimits = (() => {
  try {
    return execFileSync('prlimit', ['--version']).length > 0 && readFileSync('/proc/self/status').length > 0;
  } catch {
    return false;
  }
})();
const skip = hasLimits ? false : 'there is no prlimit, which gives a process less memory';

const first = 'checkpoint-000000.192k';
const last = 'checkpoint-000000.384k';
const tensors = (run: string, part: string, checkpoint = first) =>
  readFileSync(join(run, checkpoint, `${part}.safetensors`));
const stats = (run: string) => readFileSync(join(run, 'stats.jsonl'), 'utf8').trimEnd().split('\n');

for (const [name, size] of [
  ['pictures', 8],
  ['clips', [4, 4, 4]],
  ['sounds', [64]],
] as const)
  test(
    `memory that runs out halves the micro-batch of ${name}: the same batch, the same draws, the same bits`,
    {
      skip,
    },
    () => halves(size),
  );

/** @param size of samples of 64 values, each a token */
async function halves(size: number | readonly number[]): Promise<void> {
  const config = (training: object) => wide(training, { size });
  const { run, stdout } = trainHalved(config({}));
  const said = [
    ...stdout.matchAll(/^out of memory with (\d+) images in one pass: now (\d+) images in each of (\d+) passes; .*$/gm),
  ];
  // The second update may need to go lower than the first: threads and fragments take memory of their own.
  const sizes = [192, ...said.map(([, , now]) => Number(now))];
  assert.ok(sizes.length > 1, stdout);
  for (const [i, [line, before, now, passes]] of said.entries()) {
    assert.deepEqual([Number(before), Number(passes)], [sizes[i], 192 / Number(now)]);
    assert.ok(Number(now) <= sizes[i] / 2 && line.endsWith('the batch stays 192'), line);
    assert.ok(readFileSync(join(run, 'log.txt'), 'utf8').includes(line));
  }
  assert.match(readFileSync(join(run, 'config.yaml'), 'utf8'), /microBatch: 192\n/);

  // Dropout is drawn for a micro-batch, and sums are made in its order: asked for this size at once, every bit is the same.
  const small = await train({ config: config({ microBatch: sizes[1] }), data: samples, runsFolder: freshFolder() });
  assert.ok(small.run);
  const alike = sizes.length === 2 ? 2 : 1; // updates that were made with this size
  assert.equal(stats(run).length, 2);
  assert.deepEqual(stats(run).slice(0, alike), stats(small.run).slice(0, alike));
  for (const part of ['weights', 'average', 'optimizer'])
    assert.ok(tensors(run, part).equals(tensors(small.run, part)), part);

  // Resumed from its first checkpoint with all the memory there is, it keeps the size that it had found there.
  const index = JSON.parse(readFileSync(join(run, first, 'checkpoint.json'), 'utf8'));
  assert.equal(index.microBatch, sizes[1]);
  const resumed = join(freshFolder(), 'resumed');
  cpSync(run, resumed, { recursive: true });
  rmSync(join(resumed, last), { recursive: true });
  assert.ok((await train({ config: config({}), data: samples, run: resumed })).finished);
  if (sizes.length > 2) return; // the second update of the other run had less
  assert.deepEqual(stats(resumed), stats(run));
  for (const part of ['weights', 'average', 'optimizer'])
    assert.ok(tensors(resumed, part, last).equals(tensors(run, part, last)), part);
}

test('where not even one sample fits, the error says what takes less', { skip }, () => {
  const { stderr, status } = trainLimited(
    wide({ batch: 3, microBatch: 3, images: 48 }, { size: 64, interfaceMlpRatio: 256 }),
    450,
  );
  assert.equal(status, 1);
  // 4,096 tokens with a hidden layer of 16,384: 268 MB for each of its tensors
  assert.match(stderr, /RinError: there is not enough memory for a single sample; use larger patches/);
});
