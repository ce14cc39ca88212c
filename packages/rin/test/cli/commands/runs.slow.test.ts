import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tensor } from '@rin/torch';
import type { Config } from '../../../src/config/config.js';
import { toYaml } from '../../../src/config/yaml.js';
import { lockRun } from '../../../src/disk/lock.js';
import { imagesLabel, noCounters, saveCheckpoint } from '../../../src/runs/checkpoint.js';
import { freshFolder, tiny } from '../../training/tiny.js';
import { bin, rin } from '../rin.js';

interface Made {
  readonly config?: Config;
  readonly data?: object;
  /** loss at every 10 images */
  readonly losses?: readonly number[];
  readonly validation?: readonly number[];
  /** of its checkpoint */
  readonly images?: number;
  readonly finished?: boolean;
}

const short = (training: object = {}): Config => tiny({ training: { images: 100, sampleEvery: 0, ...training } });

/** Writes the folder of a run by hand. */
async function make(path: string, { config = short(), data, losses = [], validation, images, finished }: Made = {}) {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'config.yaml'), toYaml(config));
  writeFileSync(join(path, 'data.json'), JSON.stringify(data ?? { name: 'cats', fingerprint: 'c'.repeat(64) }));
  for (const [i, loss] of losses.entries()) {
    const line = { images: 10 * (i + 1), loss, ...(validation && { validationLoss: validation[i] }) };
    appendFileSync(join(path, 'stats.jsonl'), `${JSON.stringify(line)}\n`);
    appendFileSync(join(path, 'timing.jsonl'), `${JSON.stringify({ images: line.images, imagesPerSecond: 12.34 })}\n`);
  }
  if (images !== undefined) {
    const counters = { ...noCounters, images };
    await saveCheckpoint(path, imagesLabel(images), { counters, parts: { weights: { weight: tensor([1]) } } });
  }
  if (finished) writeFileSync(join(path, 'model.safetensors'), '');
}

async function runs(cwd: string, ...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await rin(['runs', ...args], { cwd });
  assert.deepEqual([code, stderr], [0, ''], stderr);
  return stdout
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE')
    .trimEnd()
    .split('\n');
}

test('every run is listed with its state, what it has seen and how well it learns; damaged ones are no error', async () => {
  const cwd = freshFolder();
  const at = (name: string) => join(cwd, 'runs', name);
  assert.deepEqual(await runs(cwd), ['there are no runs in runs; train one: rin train --data my-pictures']);
  await make(at('00000-a'), { losses: new Array(10).fill(0.05), images: 100, finished: true });
  // Trained on after its checkpoint, then killed in the middle of a line: what was not saved does not count.
  await make(at('00001-b'), { losses: [0.5, 0.4, 0.3], validation: [0.6, 0.5, 0.45], images: 20 });
  appendFileSync(at('00001-b/stats.jsonl'), '{"images":40,"lo');
  await make(at('00002-c'), { losses: [0.5], config: short({ images: 1_000_000 }) });
  await make(at('mine'));
  await make(at('00003-no-configuration'));
  rmSync(at('00003-no-configuration/config.yaml'));
  await make(at('00004-unknown-key'));
  appendFileSync(at('00004-unknown-key/config.yaml'), 'traning: {}\n');
  await make(at('00005-cut'));
  truncateSync(at('00005-cut/data.json'), 20);
  await make(at('00006-half-made.123.part'));
  mkdirSync(at('no-run'));
  writeFileSync(at('00007-file'), '');
  using _lock = await lockRun(at('00002-c'));
  const lines = (await runs(cwd)).map((line) => line.replace(/ {2,}/g, ' | '));
  assert.deepEqual(lines, [
    'run | state | images | of | loss | validation | images/s | written | data | name',
    `00007-file | damaged${' | –'.repeat(8)}`,
    `00005-cut | damaged${' | –'.repeat(8)}`,
    `00004-unknown-key | damaged${' | –'.repeat(8)}`,
    `00003-no-configuration | damaged${' | –'.repeat(8)}`,
    '00002-c | running | 10 | 1,000,000 | 0.500 | – | 12.3 | DATE | cats | tiny',
    '00001-b | interrupted | 20 | 100 | 0.300 | 0.450 | 12.3 | DATE | cats | tiny',
    '00000-a | finished | 100 | 100 | 0.0500 | – | 12.3 | DATE | cats | tiny',
    'mine | interrupted | 0 | 100 | – | – | – | DATE | cats | tiny',
    '',
    'runs/00007-file: cannot read runs/00007-file/config.yaml: a part of the path is a file',
    'runs/00005-cut: runs/00005-cut/data.json is damaged',
    'runs/00004-unknown-key: runs/00004-unknown-key/config.yaml: traning is not a known key; did you mean training?',
    'runs/00003-no-configuration: it is not a run: config.yaml or data.json is missing',
  ]);
});

test('runs are compared by the keys in which they differ, and their losses at equal images', async () => {
  const cwd = freshFolder();
  const at = (name: string) => join(cwd, 'elsewhere', name);
  await make(at('00003-a'), { losses: [0.8, 0.6, 0.4, 0.2], config: short({ optimizer: { kind: 'adamw' } }) });
  await make(at('00012-b'), {
    losses: [0.7, 0.5],
    validation: [0.9, 0.8],
    config: short({ learningRate: 0.5, optimizer: { kind: 'muon' } }),
    data: { name: 'dogs', fingerprint: 'd'.repeat(64) },
  });
  const compared = await runs(cwd, '--runs', 'elsewhere', '3', '12');
  const [, ...rest] = compared.slice(compared.indexOf('')).map((line) => line.trim().replace(/ {2,}/g, ' | '));
  assert.deepEqual(rest, [
    'differs in | 00003-a | 00012-b',
    'training.optimizer.kind | adamw | muon',
    'training.optimizer.beta2 | 0.999 | 0.95',
    'training.learningRate | 0.01 | 0.5',
    'training.optimizer.momentum | – | 0.95',
    'training.optimizer.newtonSchulzSteps | – | 4',
    'training.optimizer.adamRate | – | 0.002',
    'data | cats cccccccc | dogs dddddddd',
    '',
    'The losses are not comparable from run to run: the data differ.',
    '',
    'loss, mean since the previous line:',
    'images | 00003-a | 00012-b',
    '10 | 0.800 | 0.700',
    '20 | 0.600 | 0.500',
    '30 | 0.400 | –',
    '40 | 0.200 | –',
    '',
    'loss on held-out data, mean since the previous line:',
    'images | 00003-a | 00012-b',
    '10 | – | 0.900',
    '20 | – | 0.800',
  ]);
  // By name, by path and by a link to it; a run like itself differs in nothing.
  symlinkSync(at('00003-a'), join(cwd, 'link'));
  const alike = await runs(cwd, '--runs', 'elsewhere', '00003-a', 'elsewhere/00003-a', 'link');
  assert.ok(!alike.some((line) => line.startsWith('differs')));
  const { code, stderr } = await rin(['runs', '4'], { cwd });
  assert.deepEqual([code, stderr], [1, '4: there is no run of this number in runs; it has no runs yet\n']);
});

test('losses of another unit have a sign, which is explained below the table, and a sentence in the comparison', async () => {
  const cwd = freshFolder();
  const at = (name: string) => join(cwd, 'runs', name);
  const scaled = (inputScale: number, more: object = {}) => tiny({ diffusion: { inputScale, ...more } });
  await make(at('00000-a'), { losses: [0.5] });
  await make(at('00001-b'), { losses: [0.4], validation: [0.45], config: scaled(0.5) });
  await make(at('00002-c'), { losses: [0.3], config: tiny({ model: { depth: [2] } }) });
  await make(at('00003-d'), { losses: [0.2], config: scaled(0.5, { loss: 'x' }) });
  await make(at('00004-none'), { config: scaled(0.25) }); // it has no loss that could be compared
  const lines = await runs(cwd);
  const [heading, ...rows] = lines.slice(0, 6).map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    rows.map((row) => row[heading.indexOf('loss')]),
    ['–', '0.200*', '0.300', '0.400†', '0.500'],
  );
  assert.equal(rows[3][heading.indexOf('validation')], '0.450†');
  assert.deepEqual(lines.slice(6), [
    '',
    '* another unit of loss, not comparable: diffusion.loss x instead of eps, diffusion.inputScale 0.5 instead of 1',
    '† another unit of loss, not comparable: diffusion.inputScale 0.5 instead of 1',
  ]);
  const sentences = async (...args: string[]) => (await runs(cwd, ...args)).filter((line) => /^The losses/.test(line));
  assert.deepEqual(await sentences('0', '1'), [
    'The losses are not comparable from run to run: diffusion.inputScale differs, which changes what a loss measures.',
  ]);
  assert.deepEqual(await sentences('0', '2'), []);
});

test('the losses of runs are drawn as a chart beside the table; damaged runs are left out', async () => {
  const cwd = freshFolder();
  await make(join(cwd, 'runs/00000-a'), { losses: [0.5, 0.4], validation: [0.6, 0.5] });
  await make(join(cwd, 'runs/00001-b'), { losses: [0.4, 0.3] });
  await make(join(cwd, 'runs/00002-none'));
  mkdirSync(join(cwd, 'runs/00003-damaged'));
  const chart = async (...args: string[]) => {
    const lines = await runs(cwd, ...args, '--chart', 'charts/loss.svg');
    assert.equal(lines.at(-1), 'chart: charts/loss.svg');
    return [...readFileSync(join(cwd, 'charts/loss.svg'), 'utf8').matchAll(/>(0000\d-\w+)</g)].map(([, name]) => name);
  };
  assert.deepEqual(await chart(), ['00001-b', '00000-a']);
  assert.deepEqual(await chart('0', '2', '3'), ['00000-a', '00002-none']);
  const [brief] = JSON.parse((await runs(cwd, '--json', '--chart', 'loss.png')).join('\n'));
  assert.equal(brief.run, 'runs/00003-damaged');
  assert.ok(existsSync(join(cwd, 'loss.png')));
  const wrong = await rin(['runs', '--chart', 'loss.jpg'], { cwd });
  assert.match(wrong.stderr, /^--chart loss\.jpg: expected the name of an SVG or PNG file/);
  const none = await rin(['runs', '2', '--chart', 'none.svg'], { cwd });
  assert.deepEqual([none.code, existsSync(join(cwd, 'none.svg'))], [1, false]);
});

test('on a machine without fonts a PNG is refused, and an SVG is written', async () => {
  const cwd = freshFolder();
  await make(join(cwd, 'runs/00000-a'), { losses: [0.5, 0.4] });
  writeFileSync(join(cwd, 'fonts.conf'), '<?xml version="1.0"?><fontconfig></fontconfig>');
  const env = { ...process.env, FONTCONFIG_FILE: join(cwd, 'fonts.conf') };
  const chart = (name: string) =>
    spawnSync(process.execPath, [bin, 'runs', '--chart', name], { cwd, env, encoding: 'utf8' });
  const refused = chart('loss.png');
  assert.deepEqual([refused.status, existsSync(join(cwd, 'loss.png'))], [1, false]);
  assert.match(refused.stderr, /^loss\.png: this machine has no fonts, .*; write an SVG, or install a font/);
  assert.equal(chart('loss.svg').status, 0);
});

test('a long run is told in at most a dozen lines, each the mean of what it stands for', async () => {
  const cwd = freshFolder();
  const losses = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1 : 2) + i / 1000);
  await make(join(cwd, 'runs/00000-long'), { config: short({ images: 10_000 }), losses });
  const table = (await runs(cwd, '0'))
    .map((line) => line.trim().split(/ {2,}/))
    .filter(([images]) => /^[\d,]+$/.test(images));
  assert.deepEqual(
    table,
    Array.from({ length: 10 }, (_, i) => [
      i === 9 ? '10,000' : `${i + 1},000`,
      (1.5 + (100 * i + 49.5) / 1000).toPrecision(3), // mean of 100 losses
    ]),
  );
});

test('as JSON the list is for programs, and what is named has configuration and losses', async () => {
  const cwd = freshFolder();
  await make(join(cwd, 'runs/00000-a'), { losses: [0.5, 0.25], validation: [0.6, 0.3], images: 20 });
  const [brief] = JSON.parse((await runs(cwd, '--json')).join('\n'));
  assert.match(brief.written, /^\d{4}-.*Z$/);
  const { written: _, ...told } = brief;
  assert.deepEqual(told, {
    ...{ run: 'runs/00000-a', state: 'interrupted', images: 20, total: 100 },
    ...{ loss: 0.25, validationLoss: 0.3, imagesPerSecond: 12.34, data: 'cats', name: 'tiny' },
    lossUnit: { loss: 'eps', inputScale: 1, schedule: { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 } },
  });
  const [detailed] = JSON.parse((await runs(cwd, '0', '--json')).join('\n'));
  assert.deepEqual(detailed.config, short());
  assert.deepEqual(detailed.stats[1], { images: 20, loss: 0.25, validationLoss: 0.3 });
});

test('control characters in names of runs, data and keys do not reach the terminal', async () => {
  const cwd = freshFolder();
  const data = { name: 'cats\x1b[2J\nfinished', fingerprint: 'c'.repeat(64) };
  await make(join(cwd, 'runs/00000-a\x1b]0;x\x07'), { losses: [0.5], data, config: { ...short(), source: 'a\x9b' } });
  await make(join(cwd, 'runs/00001-b'), { losses: [0.5], config: { ...short(), source: '\u202eb' } });
  for (const args of [[], ['0', '1'], ['--json'], ['0', '1', '--json']]) {
    const lines = await runs(cwd, ...args);
    assert.doesNotMatch(lines.join('\n'), /(?!\n)[\p{Cc}\u2028-\u202e]/u);
    assert.ok(lines.join().includes(args.includes('--json') ? '00000-a\\u001b]0;x\\u0007' : '00000-a\\x1b]0;x\\x07'));
  }
  const [{ data: name }] = JSON.parse((await runs(cwd, '0', '--json')).join('\n'));
  assert.equal(name, data.name);
  const { stderr } = await rin(['runs', 'none\x1b[31m'], { cwd });
  assert.match(stderr, /there is no such run/);
});
