import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { groupBackends, readSafetensors } from '@rin/torch';
import sharp from '../../../src/media/sharp.js';
import { python } from '../../pytorch/ask.js';
import { bin, type Ended, rin } from '../rin.js';
import { workplace } from '../tiny.js';

const needsC10d = { skip: groupBackends().length === 0 && 'this libtorch has no headers of c10d' };

// 10 images in a batch are uneven parts for 3 processes. Of 5 images for each of 2 processes, 2 in a pass leave a last pass of one.
const yaml = `name: tiny
model: { size: 8, patch: 4, latents: 6, latentDim: 16, latentHeads: 2, interfaceDim: 16, readWriteHeads: 2, depth: [1] }
diffusion: { timeSampling: stratified, selfConditioningBy: part, selfConditioningRate: 0.5 }
data: { flip: true }
training:
  { images: 500, batch: 10, warmup: 50, device: cpu, precision: float32, threads: 1, logEvery: 10, validation: 0.4, sampleEvery: 500, checkpointEvery: 500 }
sampling: { steps: 3 }
`;
const train = ['train', '--config', 'tiny.yaml', '--data', 'pictures'];
const long = [
  '--images',
  '100k',
  '--training.sampleEvery',
  '0',
  '--training.validation',
  '0',
  '--training.checkpointEvery',
  '200',
];

async function place(): Promise<string> {
  const folder = await workplace();
  writeFileSync(join(folder, 'tiny.yaml'), yaml);
  return folder;
}

const launch = (processes: number, args: readonly string[]): string[] => [
  ...['launch', '--processes', String(processes)],
  ...args,
];

type Line = Readonly<Record<string, number>>;
const statsOf = (run: string): Line[] =>
  readFileSync(join(run, 'stats.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** Largest relative difference of a value between two runs. */
function difference(one: readonly Line[], other: readonly Line[], key: string): number {
  assert.deepEqual(
    one.map(({ images }) => images),
    other.map(({ images }) => images),
  );
  return Math.max(...one.map((line, i) => Math.abs(line[key] - other[i][key]) / Math.abs(line[key])));
}

/** The process of a rank among the children of a launcher. */
function processOf(launcher: ChildProcess, rank: number): number {
  const pid = String(launcher.pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const found = children.find((child) => readFileSync(`/proc/${child}/environ`, 'utf8').includes(`\0RANK=${rank}\0`));
  assert.ok(found, `no rank ${rank} among ${children}`);
  return Number(found);
}

/** Launches a long training, and acts once its run has a checkpoint and trains. */
async function disturbed(cwd: string, args: readonly string[], act: (launcher: ChildProcess) => void): Promise<Ended> {
  let hasActed = false;
  return rin(args, {
    cwd,
    onOutput: async (child) => {
      if (hasActed) return;
      hasActed = true;
      const isUnderWay = () =>
        existsSync(join(cwd, 'run')) && readdirSync(join(cwd, 'run')).includes('checkpoint-000000.200k');
      while (!isUnderWay() && child.exitCode === null) await setTimeout(20);
      act(child);
    },
  });
}

test('1, 2 and 3 processes see the same pictures, noise and times, and learn the same', needsC10d, async () => {
  const cwd = await place();
  const runs = await Promise.all(
    [
      { name: 'one', args: train },
      { name: 'two', args: launch(2, [...train, '--training.microBatch', '2']) },
      { name: 'three', args: launch(3, train) },
    ].map(async ({ name, args }) => {
      const { code, stdout, stderr } = await rin([...args, '--run', name], { cwd });
      assert.equal(code, 0, stderr);
      assert.equal(stdout.match(/is ready; draw from it/g)?.length, 1, 'rank 0 alone speaks');
      return join(cwd, name);
    }),
  );
  const [one, ...others] = runs;
  const stats = statsOf(one);
  assert.equal(stats.length, 50);
  const { tensors: weights } = await readSafetensors(join(one, 'model.safetensors'));
  for (const run of others) {
    for (const key of ['loss', 'validationLoss', 'gradientNorm'])
      assert.ok(difference(stats, statsOf(run), key) < 1e-4, `${key} of ${run}`); // rounding, over 50 updates
    const loaded = await readSafetensors(join(run, 'model.safetensors'));
    // The gradient of this bias is 0 but for rounding, since softmax ignores it, and AdamW makes steps of any gradient.
    for (const [name, tensor] of Object.entries(loaded.tensors))
      if (!name.endsWith('.k.bias'))
        assert.ok(tensor.sub(weights[name]).abs().max().item() < 1e-4, `${name} of ${run}`);
    assert.deepEqual(readdirSync(run).sort(), readdirSync(one).sort());
    const [fakes, ofOne] = await Promise.all(
      [run, one].map((folder) => sharp(join(folder, 'fakes-000000.500k.png')).raw().toBuffer()),
    );
    assert.ok(
      fakes.every((value, i) => Math.abs(value - ofOne[i]) <= 2),
      'the ranks draw the same preview',
    );
  }
});

test(
  'a signal to one rank stops all in step, and a run resumes with another number of processes',
  needsC10d,
  async () => {
    const cwd = await place();
    const rest = ['--images', '1500', '--training.sampleEvery', '0'];
    const whole = await rin([...train, ...rest, '--run', 'whole'], { cwd });
    assert.equal(whole.code, 0, whole.stderr);

    const args = [...train, ...rest, '--training.checkpointEvery', '200', '--run', 'run'];
    const first = await disturbed(cwd, launch(2, args), (launcher) => process.kill(processOf(launcher, 1), 'SIGINT'));
    assert.equal(first.code, 130, first.stderr);
    assert.match(
      first.stdout,
      /\nstopped at [\d,]+ of 1,500 images and saved; run the same command again to resume\n$/,
    );

    const second = await rin(launch(3, args), { cwd, onOutput: terminated(/short pass/) });
    assert.equal(second.code, 143, second.stderr);
    assert.match(second.stdout, /run: resumes at [\d,]+ of 1,500 images/);
    assert.match(second.stdout, /saved; run the same command again to resume\n$/);

    const third = await rin(args, { cwd });
    assert.equal(third.code, 0, third.stderr);
    assert.match(third.stdout, /run: resumes at [\d,]+ of 1,500 images/);
    const [one, other] = ['whole', 'run'].map((run) => statsOf(join(cwd, run)));
    for (const key of ['loss', 'gradientNorm', 'validationLoss'])
      assert.ok(difference(one, other, key) < 1e-2, `${key}: ${difference(one, other, key)}`); // rounding, over 150 updates
  },
);

/** Sends SIGTERM once the output has a text. */
function terminated(text: RegExp): (child: ChildProcess, stdout: string) => void {
  let isSent = false;
  return (child, stdout) => {
    if (isSent || !text.test(stdout)) return;
    isSent = true;
    child.kill('SIGTERM');
  };
}

test('when a rank is killed, the others name it and the last checkpoint, and end', needsC10d, async () => {
  const cwd = await place();
  const args = launch(3, [...train, ...long, '--run', 'run']);
  const { code, stderr } = await disturbed(cwd, args, (launcher) => process.kill(processOf(launcher, 1), 'SIGKILL'));
  assert.equal(code, 137);
  const kept = 'the checkpoint at \\d+ images is kept, and the same command resumes there';
  const lines = stderr.split('\n').filter((line) => line !== '' && !line.includes(' images/s'));
  assert.equal(lines.length, 3, stderr);
  assert.ok(lines.includes('rank 1 was ended by SIGKILL'), stderr);
  for (const who of ['', 'rank 2: '])
    assert.match(lines.join('\n'), new RegExp(`^${who}rank 1 has ended, or cannot be reached; ${kept}$`, 'm'));
  assert.match(
    readFileSync(join(cwd, 'run', 'log.txt'), 'utf8'),
    /rank 1 has ended, or cannot be reached; the checkpoint/,
  );
});

test('a rank that hangs is named after the time-out', needsC10d, async () => {
  const cwd = await place();
  let stopped = 0;
  const args = launch(2, [...train, ...long, '--run', 'run', '--timeout', '3']);
  const ended = disturbed(cwd, args, async (launcher) => {
    stopped = processOf(launcher, 1);
    process.kill(stopped, 'SIGSTOP');
    const log = join(cwd, 'run', 'log.txt');
    while (!/rank 1 has ended/.test(readFileSync(log, 'utf8'))) await setTimeout(50);
    process.kill(stopped, 'SIGKILL'); // the launcher does it after half a minute
  });
  const { code, stderr } = await ended;
  assert.ok(code);
  assert.match(stderr, /^rank 1 has ended, or cannot be reached; the checkpoint at \d+ images is kept/m);
});

test('one configuration is wanted on all ranks, and the batch must have a part for each', needsC10d, async () => {
  const cwd = await place();
  const small = await rin(launch(3, [...train, '--batch', '2']), { cwd });
  assert.equal(small.code, 1);
  assert.equal(
    small.stderr.split('\n')[0].replace(/^rank \d: /, ''),
    'training.batch 2 is less than the 3 processes; use fewer, or a larger batch',
  );
  const wrong = await rin(launch(2, ['train', '--data', 'pictures', '--wrong']), { cwd });
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stderr.match(/--wrong is not a known flag/g)?.length, 1, wrong.stderr);
  const none = await rin(launch(2, ['inspect']), { cwd });
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /^rin launch: expected the command train, sample or evaluate after the options, got inspect\n/,
  );
});

test('seeds are split over the processes, and the files are the same', needsC10d, async () => {
  const cwd = await place();
  assert.equal(
    (await rin([...train, '--images', '60', '--training.sampleEvery', '0', '--run', 'run'], { cwd })).code,
    0,
  );
  const sample = ['sample', 'run', '--seeds', '0-10', '--no-show'];
  const one = await rin([...sample, '--batch', '2', '--out', 'one'], { cwd });
  assert.equal(one.code, 0, one.stderr);
  const whole = await rin(launch(3, [...sample, '--batch', '2', '--out', 'three']), { cwd });
  assert.equal(whole.code, 0, whole.stderr);
  assert.match(whole.stdout, /\n11 pictures in [\d.]+ s: three, three-grid\.png\n$/);
  const split = await rin(launch(2, [...sample, '--out', 'two']), { cwd });
  assert.equal(split.code, 0, split.stderr);
  const files = readdirSync(join(cwd, 'one')).sort();
  assert.equal(files.length, 11);
  for (const folder of ['two', 'three']) assert.deepEqual(readdirSync(join(cwd, folder)).sort(), files);
  for (const file of files) {
    const [pixels, ofTwo] = await Promise.all(
      ['one', 'two'].map((folder) =>
        sharp(join(cwd, folder, file))
          .raw()
          .toBuffer(),
      ),
    );
    // Two at a time, as with one process: the same bytes. Six at a time: other rounding.
    assert.ok(readFileSync(join(cwd, 'one', file)).equals(readFileSync(join(cwd, 'three', file))), file);
    assert.ok(
      pixels.every((value, i) => Math.abs(value - ofTwo[i]) <= 1),
      file,
    );
  }
});

const torchrun = python && join(dirname(python), 'torchrun');
const needsTorchrun = { skip: !(torchrun && existsSync(torchrun)) && 'no torchrun is here; npm run python makes one' };

test(
  'torchrun starts the processes, and after a rank was killed training goes on from the checkpoint',
  needsTorchrun,
  async () => {
    const cwd = await place();
    const args = ['--standalone', '--no-python', '--nproc-per-node', '2', '--max-restarts', '1', '--'];
    const rinArgs = [
      process.execPath,
      bin,
      ...train,
      '--images',
      '1000',
      '--training.sampleEvery',
      '0',
      '--training.checkpointEvery',
      '200',
    ];
    const env = { ...process.env, TORCHELASTIC_LOG_LEVEL: 'ERROR' };
    const child = spawn(String(torchrun), [...args, ...rinArgs, '--run', 'run'], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const ended = once(child, 'close');
    const checkpoint = join(cwd, 'run', 'checkpoint-000000.200k');
    while (!existsSync(checkpoint) && child.exitCode === null) await setTimeout(20);
    process.kill(processOf(child, 1), 'SIGKILL');
    const [code] = (await ended) as [number | null];
    assert.equal(code, 0, said);
    assert.match(said, /run: trains for 1,000 images/);
    assert.match(said, /run: resumes at \d00 of 1,000 images/);
  },
);
