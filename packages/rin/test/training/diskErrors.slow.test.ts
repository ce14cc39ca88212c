import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { RinError } from '@rin/core';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { failingDisk } from './failingDisk.js';
import { freshFolder, outcome, samples, tiny } from './tiny.js';

const config = tiny({
  training: { images: 24, logEvery: 8, checkpointEvery: 24, sampleEvery: 24, keepCheckpoints: 1, tensorboard: true },
});
const files = ['reals.png', 'model.safetensors', 'fakes-000000.024k.png'];

async function finish(runsFolder: string): Promise<ReturnType<typeof outcome>> {
  const { run, finished } = await train({ config, data: samples, runsFolder });
  assert.ok(run && finished);
  return outcome(run, files);
}

/** Trains 8 images, to be resumed. */
async function begin(runsFolder: string): Promise<void> {
  const controller = new AbortController();
  const onProgress = ({ images }: { images: number }) => images === 8 && controller.abort();
  await train({ config, data: samples, runsFolder, onProgress, signal: controller.signal });
}

let whole: ReturnType<typeof outcome>;
before(async () => {
  whole = await finish(freshFolder());
});

/** What a call is like, whatever the number in a name, and whatever half file it writes. */
const kindOf = (call: string): string =>
  call
    .replace(/\.[^/]*\.part/g, '….part')
    .replace(/\d{6}(\.\d{3})?k|average|optimizer|weights|(?<=tfevents\.)\d+/g, 'N');

/** The sweeper leaves a half file that it cannot look into. */
const isSweep = (call: string): boolean => /^readdir .*\.part$/.test(call);

for (const [code, reason, prepare] of [
  ['ENOSPC', /disk is full/, async () => {}],
  ['EIO', /disk reports an error/, begin],
] as const) {
  test(`every call of a run that meets ${code} ends in a sentence with the path and the reason, and the run resumes`, async () => {
    const tried = new Set<string>();
    for (let failed: string | undefined = 'none yet'; failed !== undefined; ) {
      const runsFolder = freshFolder();
      await prepare(runsFolder);
      failed = undefined;
      const mend = await failingDisk(runsFolder, (call) => {
        const isSpared = code === 'ENOSPC' ? /^read/.test(call) : isSweep(call);
        if (failed !== undefined || tried.has(kindOf(call)) || isSpared) return undefined;
        failed = call;
        tried.add(kindOf(call));
        return code;
      });
      try {
        const training = train({ config, data: samples, runsFolder });
        if (
          failed === undefined &&
          (await training.then(
            () => failed === undefined,
            () => false,
          ))
        )
          break;
        await assert.rejects(
          training,
          (error) => {
            assert.ok(error instanceof RinError, `${failed}: ${error}`);
            assert.match(error.message, reason, failed);
            assert.ok(
              error.message.includes(runsFolder) && !error.message.includes('\n'),
              `${failed}: ${error.message}`,
            );
            return true;
          },
          failed,
        );
      } finally {
        mend();
      }
      assert.deepEqual(await finish(runsFolder), whole, failed);
    }
    assert.ok(tried.size > 30, `${tried.size} kinds of calls`);
  });
}

test('the lines of the records are on the disk before the checkpoint that follows them', async () => {
  const runsFolder = freshFolder();
  const run = join(runsFolder, '00000-samples-8-tiny');
  const names = ['stats.jsonl', 'timing.jsonl', 'log.txt'];
  const flushed = new Map<string, number>(); // bytes that would be there after a power loss
  let checkpoints = 0;
  const mend = await failingDisk(runsFolder, (call) => {
    const [kind, path] = call.split(' ');
    const file = join(runsFolder, path);
    if (kind === 'sync' && names.some((name) => path.endsWith(name))) flushed.set(file, statSync(file).size);
    if (kind === 'rename' && /^[^/]+\/checkpoint-[^/]+$/.test(path)) {
      checkpoints++;
      for (const name of names) assert.equal(flushed.get(join(run, name)), statSync(join(run, name)).size, name);
    }
    return undefined;
  });
  try {
    await train({ config, data: samples, runsFolder });
  } finally {
    mend();
  }
  assert.equal(checkpoints, 1);
  assert.equal(readFileSync(join(run, 'stats.jsonl'), 'utf8').split('\n').length, 4);
});
