import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { groupBackends } from '@rin/torch';
import type { Evaluation } from '../../../src/metrics/evaluation.js';
import { freshFolder } from '../../training/tiny.js';
import { type Ended, type RinOptions, rin } from '../rin.js';
import { workplace } from '../tiny.js';

/** `rin evaluate` with a detector that needs no weights. */
const program = fileURLToPath(new URL('../../metrics/evaluateChild.js', import.meta.url));

let cwd: string;
before(async () => {
  cwd = await workplace();
  process.env.RIN_DATA_CACHE = freshFolder();
  const flags = ['--training.validation', '0.4', '--training.checkpointEvery', '16', '--training.keepCheckpoints', '9'];
  const short = ['--images', '32', '--training.sampleEvery', '0', '--training.warmup', '0', '--run', 'run', ...flags];
  const { code, stderr } = await rin(['train', '--config', 'tiny.yaml', '--data', 'pictures', ...short], { cwd });
  assert.equal(code, 0, stderr);
});

const evaluate = (args: string, onOutput?: Parameters<typeof rin>[1]): Promise<Ended> =>
  rin(args.split(' '), { cwd, program, ...onOutput });

const record = (file: string): Evaluation[] =>
  readFileSync(join(cwd, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const work = (folder: string): string[] =>
  readdirSync(join(cwd, folder)).filter((name) => name.startsWith('evaluation-'));

test('figures of a run are printed with their protocol, and stored in its folder; the same command reads them', async () => {
  const { code, stdout, stderr } = await evaluate('run --count 12 --batch 4 --part all');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^run, average, 32 images: 12 pictures\n {2}KID-StandIn +\S+ ± \S+\n {2}FD-StandIn +\S+\n/);
  assert.match(stdout, /detector: efficientnet-lite0, none\.bin, SHA-256 555555555555…; quarters, 0 to 1\n/);
  assert.match(
    stdout,
    /samples: 12 pictures of 8×8 in colour, quantised to uint8, seeds 0-11, 3 steps of ddpm, guidance 0, classes as frequent as in the reference\n/,
  );
  assert.match(stdout, /reference: pictures \([0-9a-f]{12}…\), all, 6 pictures, resize center-crop\n/);
  assert.match(stdout, /stored in run\/metrics\.jsonl\n$/);
  const [stored] = record('run/metrics.jsonl');
  assert.equal(stored.protocol.sampling?.seeds, '0-11');
  assert.equal(stored.figures[0].metric, 'kernel');
  assert.deepEqual(work('run'), [], 'finished work is removed');

  const again = await evaluate('run --count 12 --batch 4 --part all');
  assert.match(again.stdout, /measured \d{4}-\d\d-\d\d, read from run\/metrics\.jsonl; --again measures anew/);
  assert.equal(record('run/metrics.jsonl').length, 1);
  const anew = await evaluate('run --count 12 --batch 4 --part all --again --json');
  assert.deepEqual(JSON.parse(anew.stdout)[0].figures, stored.figures);
  const others = await evaluate('run --count 12 --batch 4 --part all --steps 2 --metrics frechet');
  assert.doesNotMatch(others.stdout, /KID/);
});

test('a command that is killed again and again, or stopped, goes on, and gives the same figures to the last digit', async () => {
  process.env.RIN_TEST_SLOW = '1';
  const args = (out: string) => `run --count 40 --batch 2 --part all --out ${out} --metrics kernel,frechet`;
  const whole = await evaluate(args('whole'));
  assert.equal(whole.code, 0, whole.stderr);
  for (const signal of ['SIGKILL', 'SIGKILL', 'SIGINT'] as const) {
    const blocks = () =>
      existsSync(join(cwd, 'killed')) ? work('killed').flatMap((name) => readdirSync(join(cwd, 'killed', name))) : [];
    const known = blocks().length;
    let timer: NodeJS.Timeout | undefined;
    const ended = await rin(args('killed').split(' '), {
      ...{ cwd, program },
      onStart: (child) => {
        timer = setInterval(() => {
          if (blocks().length <= known + 3) return;
          clearInterval(timer);
          child.kill(signal);
        }, 10);
      },
    });
    clearInterval(timer);
    assert.equal(ended.code, signal === 'SIGINT' ? 130 : null);
    assert.ok(blocks().length > known, 'it kept what was finished');
    if (signal === 'SIGINT')
      assert.match(ended.stdout, /stopped; finished batches are kept, and the same command goes on/);
  }
  const resumed = await evaluate(args('killed'));
  assert.equal(resumed.code, 0, resumed.stderr);
  delete process.env.RIN_TEST_SLOW;
  const [a, b] = ['whole', 'killed'].map((folder) => record(`${folder}/run.metrics.jsonl`));
  assert.deepEqual(b[0].figures, a[0].figures);
  assert.deepEqual(b[0].protocol, a[0].protocol);
});

const needsC10d = { skip: groupBackends().length === 0 && 'this libtorch has no headers of c10d' };

/** The command in several processes, as a launcher starts it. @param options of rank 0 */
async function together(processes: number, args: string, options: RinOptions = {}): Promise<Ended[]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const shared = { WORLD_SIZE: String(processes), MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(port) };
  return Promise.all(
    Array.from({ length: processes }, (_, rank) =>
      rin(args.split(' '), {
        ...{ cwd, program, variables: { ...shared, RANK: String(rank), LOCAL_RANK: String(rank) } },
        ...(rank === 0 && options),
      }),
    ),
  );
}

test(
  'processes share the blocks; a work that was killed goes on with another number of them, and the figures are the same',
  needsC10d,
  async () => {
    process.env.RIN_TEST_SLOW = '1';
    const args = (out: string) => `run --count 22 --batch 2 --part all --out ${out} --metrics kernel,frechet`;
    const whole = await evaluate(args('one'));
    assert.equal(whole.code, 0, whole.stderr);
    process.env.RIN_DATA_CACHE = freshFolder(); // the reference is measured again, by all
    const blocks = () => work('several').flatMap((name) => readdirSync(join(cwd, 'several', name)));
    let timer: NodeJS.Timeout | undefined;
    const killed = await together(3, args('several'), {
      onStart: (child) => {
        timer = setInterval(() => {
          if (existsSync(join(cwd, 'several')) && blocks().length > 3) child.kill('SIGKILL');
        }, 10);
      },
    });
    clearInterval(timer);
    assert.deepEqual(
      killed.map(({ code }) => code),
      [null, 1, 1],
    );
    const kept = blocks().length;
    assert.ok(kept > 3 && kept < 12, `it kept ${kept} files`);

    const [first, second] = await together(2, args('several'));
    delete process.env.RIN_TEST_SLOW;
    assert.equal(first.code, 0, first.stderr);
    assert.equal(second.code, 0, second.stderr);
    assert.equal(second.stdout, '', 'rank 0 speaks for all');
    const [a, b] = ['one', 'several'].map((folder) => record(`${folder}/run.metrics.jsonl`));
    assert.equal(b.length, 1, 'rank 0 alone records');
    assert.deepEqual(b[0].figures, a[0].figures);
    assert.deepEqual(b[0].protocol, a[0].protocol);
    assert.deepEqual(work('several'), []);
    const [again] = await together(2, args('several'));
    assert.match(again.stdout, /read from several\/run\.metrics\.jsonl/);
    const [each] = await together(2, 'run --count 8 --metrics kernel --checkpoints all --out each');
    assert.equal(each.code, 0, each.stderr);
    assert.equal(record('each/run.metrics.jsonl').length, 2, 'one after the other, with one reference');
  },
);

test('checkpoints and averages come into one table, in which another protocol has a sign', async () => {
  const { code, stdout, stderr } = await evaluate(
    'run --count 8 --metrics kernel --checkpoints all --averages average,weights',
  );
  assert.equal(code, 0, stderr);
  const table = stdout.slice(stdout.indexOf('evaluated'));
  assert.match(
    table,
    /^evaluated +n +KID-StandIn\nrun, average, 16 images +8 .*\nrun, weights, 16 images +8 .*\nrun, average, 32 images +8 .*\nrun, weights, 32 images +8 .*\n$/,
  );
  assert.match(stdout, /training part \(training\.validation 0\.4, seed 0\), 4 pictures/);
  const values = record('run/metrics.jsonl')
    .filter(({ protocol }) => protocol.count === 8)
    .map(({ figures }) => figures[0].value);
  assert.equal(new Set(values).size, 4, 'each has weights of its own');

  const runs = await rin(['runs', 'run'], { cwd });
  assert.match(runs.stdout, /figures of rin evaluate:\nevaluated +n +KID-StandIn/);
  assert.match(runs.stdout, /run, average, 32 images +12 +\S+ ± \S+\*/);
  assert.match(
    runs.stdout,
    /\* another protocol, not comparable: count 12 instead of 8, reference\.part all instead of training part/,
  );
});

test('folders are compared with data, with statistics of others, and the held-out part can be the reference', async () => {
  const folder = await evaluate('pictures --data pictures --metrics kernel,frechet');
  assert.match(folder.stdout, /^pictures: 6 pictures\n/);
  assert.match(folder.stdout, /FD-StandIn +\S+e-/, 'about 0, because they are the same');
  assert.ok(existsSync(join(cwd, 'pictures.metrics.jsonl')));
  const sampled = await rin(['sample', 'run', '--seeds', '0-5', '--out', 'drawn', '--no-show'], { cwd });
  assert.equal(sampled.code, 0, sampled.stderr);
  const drawn = await evaluate('drawn --data pictures --metrics kernel');
  assert.match(drawn.stdout, /^drawn: 6 pictures\n/, drawn.stderr);
  const cache = join(String(process.env.RIN_DATA_CACHE), 'references');
  const [statistics] = readdirSync(cache).filter((name) => name.endsWith('.npz'));
  const named = await evaluate(`run --count 8 --reference ${join(cache, statistics)} --metrics frechet`);
  assert.equal(named.code, 0, named.stderr);
  const held = await evaluate('run --count 8 --part held-out --metrics kernel');
  assert.match(held.stdout, /held-out part \(training\.validation 0\.4, seed 0\), 2 pictures/);
});

test('what cannot be done is refused with one sentence', async () => {
  writeFileSync(join(cwd, 'not.npz'), 'nothing');
  const refused: [string, number, RegExp][] = [
    ['pictures', 2, /pictures has samples and no model, so name what to compare them with: --data my-pictures/],
    ['pictures --data pictures --steps 3', 2, /--steps: nothing is drawn, because the samples are there already/],
    ['pictures --data pictures --checkpoints all', 2, /leave --checkpoints and --averages out/],
    ['pictures --data pictures --part held-out', 2, /which alone knows parts; leave --part out/],
    [
      'run --reference not.npz --part held-out',
      2,
      /a file of statistics has no parts; leave --part or --reference out/,
    ],
    ['run --size 32', 2, /run is a model, which decides how its samples are scaled; leave --size and --resize out/],
    ['run --count 3', 1, /precision needs at least 4 samples, and there are 3/],
    ['run --count 8', 1, /density needs at least 6 samples of the reference, which has 4 samples/],
    ['run --checkpoints 5k', 1, /--checkpoints 5k: run has 0\.016k, 0\.032k/],
    ['run --averages fast', 1, /it has no fast; expected weights, average/],
    ['run --reference not.npz', 1, /not\.npz: not a whole \.npz; expected a zip with mu and sigma/],
    ['run --reference gone.npz', 1, /cannot read gone\.npz: it is gone/],
    ['gone.safetensors', 1, /gone\.safetensors: there is no such model file or run/],
    ['nowhere --data pictures', 1, /nowhere: no such folder or file/],
  ];
  for (const [args, expected, message] of refused) {
    const { code, stderr } = await evaluate(args);
    assert.match(stderr, message, args);
    assert.equal(code, expected, args);
    assert.doesNotMatch(stderr, /\n {4}at /, args);
  }
});
