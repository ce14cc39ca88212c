import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import { readSafetensors, Tensor, TorchError } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { beside } from '../../src/disk/wholeFiles.js';
import type { Progress } from '../../src/training/progress.js';
import { type Stretch, type TrainOptions, trainOrStop as train } from '../../src/training/trainer.js';
import { orphan } from '../disk/dying.js';
import { freshFolder, media, outcome, samples, tiny } from './tiny.js';

type Options = Partial<TrainOptions> & { runsFolder: string };
const start = (options: Options): Promise<Stretch> => train({ config: tiny(), data: samples, ...options });

/** Trains until `when` holds, then aborts. */
async function interrupt(options: Options, when: (progress: Progress) => boolean): Promise<Stretch> {
  const controller = new AbortController();
  const onProgress = (progress: Progress) => when(progress) && controller.abort();
  return start({ ...options, onProgress, signal: controller.signal });
}

const folderOf = ({ run }: Stretch): string => {
  assert.ok(run);
  return run;
};

let whole: ReturnType<typeof outcome>;
before(async () => {
  whole = outcome(folderOf(await start({ runsFolder: freshFolder() })));
});

// So large that threads share the work, with the optimisers, precision and average that the tests of `tiny` do not have.
for (const [name, training] of Object.entries({
  'Muon, two threads and a power average': {
    ...{ threads: 2, optimizer: { kind: 'muon', adamRate: 0.01 }, ema: { kind: 'power', exponent: 13 } },
  },
  'AdamW and two threads, in bfloat16': { threads: 2, precision: 'bfloat16', optimizer: { kind: 'adamw' } },
} as const))
  test(`an interrupted run with ${name} gives the bytes of a whole one`, async () => {
    const config = tiny({
      model: { patch: 1, latents: 32, latentDim: 128, interfaceDim: 64, depth: [2] },
      data: { flip: true },
      training: { batch: 32, microBatch: 32, warmup: 32, checkpointEvery: 32, ...training },
    });
    const expected = outcome(folderOf(await start({ config, runsFolder: freshFolder() })));
    const runsFolder = freshFolder();
    assert.ok(!(await interrupt({ config, runsFolder }, ({ images }) => images === 64)).finished);
    assert.deepEqual(outcome(folderOf(await start({ config, runsFolder }))), expected);
  });

test('a run interrupted again and again gives the bytes of one that never was', async () => {
  const runsFolder = freshFolder();
  let last = 0;
  // The update at hand ends, a checkpoint is saved, and the same call goes on from it.
  for (const images of [8, 16, 40, 48, 56, 88]) {
    const result = await interrupt({ runsFolder }, (progress) => progress.images === images);
    assert.deepEqual({ images: result.images, finished: result.finished }, { images, finished: false });
    assert.ok(images > last);
    last = images;
  }
  const result = await start({ runsFolder });
  assert.deepEqual({ images: result.images, finished: result.finished }, { images: 96, finished: true });
  assert.deepEqual(readdirSync(runsFolder), [basename(folderOf(result))]);
  assert.deepEqual(outcome(folderOf(result)), whole);
});

test('with latents left out too, an interrupted run gives the bytes of a whole one', async () => {
  const config = tiny({ training: { latentDrop: 1, recompute: true } });
  const expected = outcome(folderOf(await start({ config, runsFolder: freshFolder() })));
  assert.notEqual(expected.stats, whole.stats);
  const runsFolder = freshFolder();
  for (const images of [40, 72]) await interrupt({ config, runsFolder }, (progress) => progress.images === images);
  assert.deepEqual(outcome(folderOf(await start({ config, runsFolder }))), expected);
});

for (const selfConditioning of ['interface', 'data', 'both+data'] as const) {
  test(`with self-conditioning ${selfConditioning} too, an interrupted run gives the bytes of a whole one`, async () => {
    const config = tiny({ model: { selfConditioning }, sampling: { momentum: 0.5, guidance: 1 } });
    const expected = outcome(folderOf(await start({ config, runsFolder: freshFolder() })));
    assert.notEqual(expected.stats, whole.stats);
    const runsFolder = freshFolder();
    for (const images of [40, 72]) await interrupt({ config, runsFolder }, (progress) => progress.images === images);
    assert.deepEqual(outcome(folderOf(await start({ config, runsFolder }))), expected);
  });
}

for (const [name, { changes, files }] of Object.entries(media)) {
  test(`a run of ${name} interrupted in its updates and its previews gives the bytes of one that never was`, async () => {
    const config = tiny(changes);
    const undisturbed = outcome(folderOf(await start({ config, runsFolder: freshFolder() })), files);
    const runsFolder = freshFolder();
    for (const images of [16, 48, 56])
      await interrupt({ config, runsFolder }, (progress) => progress.images === images);
    await interrupt({ config, runsFolder }, ({ images, sampling }) => images === 96 && sampling?.step === 1);
    const result = await start({ config, runsFolder });
    assert.deepEqual({ images: result.images, finished: result.finished }, { images: 96, finished: true });
    assert.deepEqual(outcome(folderOf(result), files), undisturbed);
  });

  test(`a preview of ${name} of which one file is missing is drawn again`, async () => {
    const [config, runsFolder] = [tiny(changes), freshFolder()];
    const run = folderOf(await start({ config, runsFolder }));
    const before = outcome(run, files);
    for (const file of files.filter((each) => each.includes('96k'))) {
      rmSync(join(run, file));
      await start({ config, runsFolder });
      assert.deepEqual(outcome(run, files), before);
    }
  });

  test(`a run of ${name} that ran out of memory, and resumes with more, gives the bytes of an uninterrupted one`, async (context) => {
    // Dropout is drawn for a micro-batch, so that its size is a part of what is computed.
    const config = tiny(changes);
    const roomy = outcome(folderOf(await start({ config, runsFolder: freshFolder() })), files);
    let runsOut = false;
    const backward = Tensor.prototype.backward;
    context.mock.method(Tensor.prototype, 'backward', function (this: Tensor, ...args: Parameters<typeof backward>) {
      const fails = runsOut;
      runsOut = false;
      if (fails) throw new TorchError('backward: out of memory');
      return backward.apply(this, args);
    });
    const stopAfter = (images: number) => (progress: Progress) => {
      runsOut = progress.images === 24 && !progress.sampling;
      return progress.images === images;
    };
    const [undisturbed, stopped, killed] = [freshFolder(), freshFolder(), freshFolder()];
    const expected = outcome(folderOf(await interrupt({ config, runsFolder: undisturbed }, stopAfter(1000))), files);
    assert.notEqual(expected.stats, roomy.stats);

    await interrupt({ config, runsFolder: stopped }, stopAfter(64));
    assert.deepEqual(outcome(folderOf(await start({ config, runsFolder: stopped })), files), expected);

    const kill = (progress: Progress) => {
      if (stopAfter(40)(progress)) throw new Error('killed'); // no checkpoint is due between 24 and 48
    };
    await assert.rejects(start({ config, runsFolder: killed, onProgress: kill }), /killed/);
    const said: string[] = [];
    const resumed = await start({ config, runsFolder: killed, log: (text) => said.push(text) });
    assert.deepEqual(outcome(folderOf(resumed), files), expected);
    assert.match(said.join('\n'), /resumes at 32 of 96 images/);
  });
}

test('an interruption while samples are drawn is heard at once; they are drawn when the run goes on', async () => {
  for (const images of [48, 96]) {
    const runsFolder = freshFolder();
    const stopped = await interrupt({ runsFolder }, (p) => p.images === images && p.sampling?.step === 1);
    assert.deepEqual({ images: stopped.images, finished: stopped.finished }, { images, finished: false });
    assert.ok(!existsSync(join(folderOf(stopped), `fakes-000000.0${images}k.png`)));
    assert.deepEqual(outcome(folderOf(await start({ runsFolder }))), whole);
  }
});

test('a finished run says so and is left alone; a new one is made when asked for', async () => {
  const runsFolder = freshFolder();
  const first = folderOf(await start({ runsFolder }));
  const said: string[] = [];
  const stats = () => readFileSync(join(first, 'stats.jsonl'), 'utf8');
  const before = stats();
  const again = await start({ runsFolder, log: (text) => said.push(text) });
  assert.deepEqual(again, { run: first, images: 96, finished: true });
  assert.match(said.join(), /is finished/);
  assert.equal(stats(), before);
  const other = folderOf(await start({ runsFolder, fresh: true }));
  assert.notEqual(other, first);
  assert.deepEqual(outcome(other), whole);
});

test('another configuration or other data start another run, numbered after the highest', async () => {
  const runsFolder = freshFolder();
  const stop = (options: object) => interrupt({ runsFolder, ...options }, () => true);
  await stop({});
  await stop({ config: tiny({ training: { learningRate: 0.02 } }) });
  await stop({ data: samples.slice(1) });
  await stop({ config: tiny({ name: 'my samples'.replace(' ', '-') }) });
  assert.deepEqual(readdirSync(runsFolder).sort(), [
    '00000-samples-8-tiny',
    '00001-samples-8-tiny',
    '00002-samples-8-tiny',
    '00003-my-samples',
  ]);
  assert.equal(basename(folderOf(await stop({}))), '00000-samples-8-tiny');
});

test('a folder that holds another run, or something else, is refused with the reason', async () => {
  const runsFolder = freshFolder();
  const run = join(runsFolder, 'mine');
  await interrupt({ runsFolder, run }, () => true);
  const refused = (options: object, reason: RegExp) =>
    assert.rejects(
      start({ runsFolder, run, ...options }),
      (error) => error instanceof RinError && reason.test(error.message),
    );
  await refused({ config: tiny({ training: { batch: 4 } }) }, /mine.*differs in training\.batch \(8 there, 4 here\)/);
  await refused({ data: samples.slice(1) }, /mine.*data had other contents/);
  await refused({ fresh: true }, /mine.*not empty/);
  await refused({ run: runsFolder }, /not a run/);
  assert.equal((await start({ runsFolder, run })).run, run);
});

test('a run that is being trained is left alone by a second call', async () => {
  const options = { runsFolder: freshFolder(), config: tiny({ training: { images: 1_000_000, sampleEvery: 0 } }) };
  const controller = new AbortController();
  let second: Promise<void> | undefined;
  const onProgress = () => {
    second ??= assert.rejects(start(options), /is being trained by another process/).finally(() => controller.abort());
  };
  await start({ ...options, onProgress, signal: controller.signal });
  await second;
});

test('no two processes train one run, by whatever path they come to it', async () => {
  const runsFolder = freshFolder();
  const link = join(freshFolder(), 'link');
  const config = tiny({ training: { images: 1_000_000, sampleEvery: 0 } });
  const script = fileURLToPath(new URL('trainChild.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(config), runsFolder]);
  try {
    await once(child.stdout, 'data'); // it trains
    symlinkSync(runsFolder, link);
    const runs = [
      join(link, '00000-samples-8-tiny'),
      join(runsFolder, '..', basename(runsFolder), '00000-samples-8-tiny'),
    ];
    for (const run of runs) {
      const said = `${run} is being trained by another process; wait until it ends, or start another run with --new`;
      await assert.rejects(
        start({ config, runsFolder, run }),
        (error) => error instanceof RinError && error.message === said,
      );
    }
    await assert.rejects(start({ config, runsFolder: link }), /is being trained by another process/);
  } finally {
    child.kill('SIGKILL');
  }
});

test('what a killed process left of a run that it was making is removed; what another still makes stays', async () => {
  const runsFolder = freshFolder();
  const names = ['00000-samples-8-tiny', '00007-other', 'mine'].map(beside).concat('a-video.126.part');
  for (const name of names) mkdirSync(join(runsFolder, name));
  const stopped = { signal: AbortSignal.abort() };
  await start({ runsFolder, ...stopped });
  assert.deepEqual(readdirSync(runsFolder).sort(), [...names, '00000-samples-8-tiny'].sort());
  orphan(runsFolder);
  await start({ runsFolder, run: join(runsFolder, 'mine'), ...stopped });
  await start({ runsFolder, fresh: true, ...stopped });
  assert.deepEqual(readdirSync(runsFolder).sort(), [
    '00000-samples-8-tiny',
    '00001-samples-8-tiny',
    'a-video.126.part',
    'mine',
  ]);
});

test('with a signal that was aborted before, nothing is trained, and the run goes on later', async () => {
  const runsFolder = freshFolder();
  const stopped = await start({ runsFolder, signal: AbortSignal.abort() });
  assert.deepEqual({ images: stopped.images, finished: stopped.finished }, { images: 0, finished: false });
  assert.deepEqual(outcome(folderOf(await start({ runsFolder }))), whole);
});

test('a damaged checkpoint is moved aside with a word, and the run goes on from the one before it', async () => {
  const runsFolder = freshFolder();
  const run = folderOf(await interrupt({ runsFolder }, ({ images }) => images === 80));
  flipByte(join(run, 'checkpoint-000000.080k', 'average.safetensors'), 4000);
  const said: string[] = [];
  await start({ runsFolder, log: (text) => said.push(text) });
  assert.match(said.join('\n'), /checkpoint-000000\.080k is damaged: average\.safetensors was changed or cut short/);
  assert.match(said.join('\n'), /resumes at 72 of 96 images/);
  assert.ok(existsSync(join(run, 'checkpoint-000000.080k.damaged')));
  assert.deepEqual(outcome(run), whole);
});

test('with every checkpoint damaged the run is refused, and nothing in it changes', async () => {
  const runsFolder = freshFolder();
  const run = folderOf(await interrupt({ runsFolder }, ({ images }) => images === 56));
  const names = readdirSync(run).filter((name) => name.startsWith('checkpoint'));
  const weights = (name: string) => join(run, name, 'weights.safetensors');
  for (const name of names) flipByte(weights(name), 3000);
  const contents = () =>
    readdirSync(run, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.includes('.') && name !== 'log.txt' && !/k$/.test(name))
      .map((name) => [name, digest(join(run, name))]);
  const before = contents();
  const said =
    `${run}: all its checkpoints are damaged (checkpoint-000000.056k: weights.safetensors was changed or cut short); ` +
    'restore one from a copy, or start another run (--new), or delete this folder';
  for (const _ of ['a first time', 'and again'])
    await assert.rejects(start({ runsFolder }), (error) => error instanceof RinError && error.message === said);
  assert.deepEqual(contents(), before);
  flipByte(weights(names[0]), 3000);
  await start({ runsFolder });
  assert.deepEqual(outcome(run), whole);
});

test('a checkpoint of another run is refused, even if its shapes fit', async () => {
  const runsFolder = freshFolder();
  const stop = (options: Partial<TrainOptions>) =>
    interrupt({ runsFolder, ...options }, ({ images }) => images === 40).then(folderOf);
  const run = await stop({});
  const other = await stop({ config: { ...tiny(), seed: 5 } });
  const copied = join(run, 'checkpoint-000000.064k');
  cpSync(join(other, 'checkpoint-000000.040k'), copied, { recursive: true });
  const said = `${copied} belongs to another run; move it out of this folder, and run the same command again`;
  await assert.rejects(start({ runsFolder }), (error) => error instanceof RinError && error.message === said);
  rmSync(copied, { recursive: true });
  await start({ runsFolder });
  assert.deepEqual(outcome(run), whole);
});

test('a run and a checkpoint from before there were ids go on', async () => {
  const runsFolder = freshFolder();
  const run = folderOf(await interrupt({ runsFolder }, ({ images }) => images === 40));
  edit(join(run, 'data.json'), ({ id: _, ...facts }) => facts);
  for (const name of readdirSync(run).filter((each) => each.startsWith('checkpoint')))
    edit(join(run, name, 'checkpoint.json'), ({ run: _, sha256: __, ...content }) => {
      return { ...content, sha256: createHash('sha256').update(JSON.stringify(content)).digest('hex') };
    });
  await start({ runsFolder });
  assert.deepEqual(outcome(run), whole);
});

test('as many checkpoints are kept as asked for', async () => {
  const keep = async (count: number, config: Config) => {
    const run = folderOf(await start({ runsFolder: freshFolder(), config }));
    assert.equal(readdirSync(run).filter((name) => name.startsWith('checkpoint')).length, count);
  };
  await keep(1, tiny({ training: { keepCheckpoints: 1 } }));
  await keep(3, tiny({ training: { keepCheckpoints: 3 } }));
});

test('a loss that is not finite stops the run, keeps the last checkpoint and says what to try', async () => {
  const runsFolder = freshFolder();
  const config = tiny({ training: { learningRate: 1e30, checkpointEvery: 8, clipNorm: 0, precision: 'auto' } });
  await assert.rejects(start({ runsFolder, config }), (error) => {
    assert.ok(error instanceof RinError);
    assert.match(error.message, /became (NaN|Infinity) after \d+ images; the checkpoint at \d+ images is kept/);
    assert.match(error.message, /lower training.learningRate \(1e\+30 now\), or .*float32, or training.clipNorm 1/);
    return true;
  });
  const run = join(runsFolder, '00000-samples-8-tiny');
  assert.match(readFileSync(join(run, 'log.txt'), 'utf8'), /Try a lower training.learningRate/);
  for (const line of readFileSync(join(run, 'stats.jsonl'), 'utf8').trim().split('\n'))
    assert.ok(Number.isFinite(JSON.parse(line).loss));
});

test('weights that an update made useless are not saved: the checkpoint and the model before them stay', async () => {
  const runsFolder = freshFolder();
  const run = join(runsFolder, '00000-samples-8-tiny');
  // the warm-up's first update is by a rate of 0
  const config = tiny({ training: { learningRate: 1e38, warmup: 16, checkpointEvery: 8, sampleEvery: 0 } });
  for (const _ of ['a first time', 'and again']) {
    await assert.rejects(start({ runsFolder, config }), (error) => {
      assert.ok(error instanceof RinError);
      assert.match(
        error.message,
        /weights' norm became (Infinity|NaN) after 16 images; the checkpoint at 8 images is kept/,
      );
      assert.match(error.message, /lower training.learningRate \(1e\+38 now\)/);
      return true;
    });
    const checkpoints = readdirSync(run).filter((name) => name.startsWith('checkpoint'));
    assert.deepEqual(checkpoints, ['checkpoint-000000.008k']);
    for (const file of ['model.safetensors', join(checkpoints[0], 'weights.safetensors')]) {
      const { tensors } = await readSafetensors(join(run, file));
      for (const [name, values] of Object.entries(tensors))
        assert.ok(Number.isFinite(values.detach().abs().amax().item()), `${file}: ${name}`);
    }
  }
});

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] ^= 1;
  writeFileSync(file, bytes);
}

const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

function edit(file: string, change: (content: Record<string, unknown>) => object): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))));
}
