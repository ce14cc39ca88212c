// @ts-check
// What RIN costs beside the networks that the paper compares with, at equal resolution: `node bench/efficiency.mjs`, after a build.
//   --sizes 64,128,256,512,clips   sides of pictures; clips = 16 frames of 64 × 64
//   --networks NAME,…   only these: rin, rin-pytorch, perceiver, adm, dit, jit; for clips also unet3d, unet3d-160
//   --rounds 3 (0 = count only)   --threads (all)   --limit GB (0.9 of the memory that is free)
//   --folder runs/efficiency   results; the same command goes on where it ended
//   --charts FOLDER   draws operations, times and memory over the pixels   --page FILE   writes the tables into a page
//
// One sample in float32: a forward pass, and a training step (loss, backward pass, AdamW, an average of the weights). Each
// network and size has a process of its own, so the peak of memory is its own. rivals.py describes the others, which are built
// from the package diffusers. RIN has the presets of imagenet64 to imagenet512 and kinetics600, and computes the estimate of
// self-conditioning in every step, although its rate is 0.9. PerceiverIO's kind is the same network with one block: it reads
// once, has all layers of computation, and writes once.
//
// A step whose forecast is above the limit is not run; its forecast is in brackets. The system ends a process that
// takes more than the limit all the same, and its row says so.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtime } from '@rin/torch';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { environment } from './contestants.mjs';
import { efficiencyChart } from './efficiencyChart.mjs';
import { flags, median, table } from './machine.mjs';
import { markdownTable, writeBetween } from './page.mjs';
import { Results } from './results.mjs';

const given = flags({
  sizes: { type: 'string', default: '64,128,256,512,clips' },
  networks: { type: 'string', default: '' },
  rounds: { type: 'string', default: '3' },
  threads: { type: 'string', default: String(runtime().threads) },
  limit: { type: 'string' },
  folder: { type: 'string', default: 'runs/efficiency' },
  charts: { type: 'string' },
  page: { type: 'string' },
});
const [rounds, threads] = [Number(given.rounds), Number(given.threads)];
const presets = /** @type {const} */ ({
  64: 'imagenet64',
  128: 'imagenet128',
  256: 'imagenet256',
  512: 'imagenet512',
  clips: 'kinetics600',
});
const pictures = {
  rin: 'RIN, rin',
  'rin-pytorch': 'RIN, PyTorch',
  perceiver: 'PerceiverIO’s kind, rin',
  adm: 'U-Net (ADM)',
  dit: 'DiT-XL on RIN’s patches',
  jit: 'JiT-L on 256 patches',
};
const { adm: _adm, dit: _dit, jit: _jit, ...shared } = pictures;
const clips = { ...shared, unet3d: '3-D U-Net, 256 wide', 'unet3d-160': '3-D U-Net, 160 wide' };
/** @type {Record<string, string>} */
const titles = { ...pictures, ...clips };

/** @typedef {keyof typeof presets} Size */
/**
 * What is known of a network at a size: seconds and bytes; of what was not run, the forecast alone.
 * @typedef {{ parameters: number, flops: number, activations: number, forecast: number, version: string, limit: number,
 *     forward?: number[], forwardMemory?: number, step?: number[], memory?: number, failed?: string }} Found
 */

const sizes = String(given.sizes).split(',');
const only = given.networks === '' ? Object.keys(titles) : String(given.networks).split(',');
for (const [flag, names, known] of /** @type {const} */ ([
  ['sizes', sizes, Object.keys(presets)],
  ['networks', only, Object.keys(titles)],
])) {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    console.error(`--${flag} ${wrong}: expected some of ${known.join(', ')}`);
    process.exit(2);
  }
}

/** The preset of a size, for one sample and AdamW. @param {Size} size @param {string} network */
function configOf(size, network) {
  const training = { batch: 1, microBatch: 1, images: 1, warmup: 0, sampleEvery: 0, recompute: false };
  const optimizer = /** @type {const} */ ({ optimizer: { kind: 'adamw' }, learningRate: 1e-4 });
  const options = { training: { ...training, ...optimizer }, diffusion: { selfConditioningRate: 1 } };
  const config = loadPreset(presets[size], options);
  if (network !== 'perceiver') return config;
  const layers = config.model.depth.reduce((sum, depth) => sum + depth, 0);
  return loadPreset(presets[size], { ...options, model: { depth: [layers] } });
}

/** Bytes that the system can give to a program now. */
function freeMemory() {
  const [, kilobytes] = /MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return 1024 * Number(kilobytes);
}

/** Most bytes that a process may take now. */
const limitNow = () => (given.limit === undefined ? Math.floor(0.9 * freeMemory()) : 1e9 * Number(given.limit));

const python = await ensurePython({ diffusers: true, log: createLog() });
const script = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** Counts and measures a network in a process of its own. @param {Size} size @param {string} network @returns {Found} */
function measure(size, network) {
  const config = configOf(size, network);
  const sides = Array.isArray(config.model.size) ? config.model.size : [config.model.size, config.model.size];
  const limit = limitNow();
  const isOurs = network === 'rin' || network === 'perceiver';
  const command = isOurs ? [process.execPath, script('efficiencyOurs.mjs')] : [python, script('efficiency.py')];
  // The limit is on memory that is written to. If the whole machine runs out, the system ends this process first.
  const guard = `echo 1000 > /proc/self/oom_score_adj; ulimit -d ${Math.floor(limit / 1024)}; exec "$@"`;
  const { stdout, stderr, status, signal } = spawnSync('sh', ['-c', guard, 'sh', ...command], {
    encoding: 'utf8',
    env: environment(undefined),
    input: `${JSON.stringify({ network, size: sides, config, rounds, threads, limit })}\n`,
  });
  if (signal === 'SIGINT' || signal === 'SIGTERM' || stderr.includes('KeyboardInterrupt')) process.exit(130);
  const lines = stdout.trim().split('\n');
  const found = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  if (found.length === 0) throw new Error(`${network} at ${size}: ${stderr.trim().split('\n').at(-1)}`);
  const said = stderr.trim().split('\n').at(-1) || 'the system ended it';
  const reason = /allocate memory|out of memory/i.test(stderr) ? 'memory did not suffice' : said;
  const failed = status === 0 ? {} : { failed: reason };
  return Object.assign({ limit }, ...found, failed);
}

const folder = String(given.folder);
/** @type {Results<Found>} */
const measurements = new Results(folder);

/** Is there memory now for what did not run? @param {Found} before */
function mayHaveRoom({ forecast, limit, failed }) {
  const now = limitNow();
  return now >= forecast || (failed !== undefined && now > 1.2 * limit);
}

/** What an earlier call measured, unless there is room now for more. @param {Size} size @param {string} network */
function found(size, network) {
  const key = [size, network, `${rounds} rounds`, `${threads} threads`].join(', ');
  const before = measurements.get(key);
  if (before !== undefined && (before.step !== undefined || rounds === 0 || !mayHaveRoom(before))) return before;
  console.error(`${titles[network]} at ${size}`);
  return measurements.set(key, measure(size, network));
}

const gigabytes = (/** @type {number} */ bytes) => (bytes / 1e9).toFixed(1);
const seconds = (/** @type {number} */ time) => (time < 10 ? time.toFixed(2) : time.toFixed(0));
const head = ['network', 'parameters', 'GFLOP', '÷ RIN', 'forward s', '÷ RIN', 'step s', '÷ RIN'];
const heads = [...head, 'forward GB', 'step GB', '÷ RIN'];
/** Columns of a table without measurements: up to the operations, and the forecast of memory. */
const counted = [0, 1, 2, 3, heads.indexOf('step GB')];

/** A figure, and how many times that of RIN it is. @param {number | undefined} mine @param {number | undefined} theirs @param {(value: number) => string} write */
function compared(mine, theirs, write) {
  if (mine === undefined) return ['', ''];
  return [write(mine), theirs === undefined ? '' : (mine / theirs).toFixed(2)];
}

/** @param {string} network @param {Found} mine @param {Found | undefined} rin */
function row(network, mine, rin) {
  const time = (/** @type {number[] | undefined} */ times) => (times === undefined ? undefined : median(times));
  const memory = compared(mine.memory, rin?.memory, gigabytes);
  return [
    titles[network],
    `${(mine.parameters / 1e6).toFixed(0)} M`,
    ...compared(mine.flops, rin?.flops, (flops) => (flops / 1e9).toFixed(0)),
    ...compared(time(mine.forward), time(rin?.forward), seconds),
    ...compared(time(mine.step), time(rin?.step), seconds),
    mine.forwardMemory === undefined ? '' : gigabytes(mine.forwardMemory),
    ...(mine.memory === undefined ? [`(${gigabytes(mine.forecast)})`, ''] : memory),
  ];
}

const pieces = [];
/** @type {Map<string, Map<number, Found>>} */
const bySize = new Map();
for (const size of /** @type {Size[]} */ (sizes)) {
  const networks = Object.keys(size === 'clips' ? clips : pictures).filter((network) => only.includes(network));
  if (networks.length === 0) continue;
  const results = networks.map((network) => ({ network, result: found(size, network) }));
  const rin = results.find(({ network }) => network === 'rin')?.result;
  const all = [heads, ...results.map(({ network, result }) => row(network, result, rin))];
  const rows = rounds > 0 ? all : all.map((cells) => counted.map((i) => cells[i]));
  const title = size === 'clips' ? '16 × 64 × 64' : `${size} × ${size}`;
  console.log(`\n${title}`);
  table(rows);
  const stops = results.filter(({ result }) => result.failed);
  const notes = stops.map(({ network, result }) => `${titles[network]} stopped: ${result.failed}`);
  for (const note of notes) console.log(note);
  for (const { network, result } of results) {
    if (size !== 'clips') bySize.set(network, (bySize.get(network) ?? new Map()).set(Number(size), result));
  }
  pieces.push([`### ${title}`, markdownTable(rows), ...notes].join('\n\n'));
}

const processors = `${cpus()[0].model.trim()}, ${cpus().length} processors`;
const date = new Date().toISOString().slice(0, 10);
const how = rounds > 0 ? `${threads} threads, medians of ${rounds} rounds` : 'counted only, times were not measured';
const about = `${date}, ${processors}; torch ${runtime().version}, ${how}.`;
console.log(`\n${about}`);
if (given.page !== undefined) writeBetween(String(given.page), 'bench/efficiency.mjs', [about, ...pieces].join('\n\n'));

/** A chart of a figure that all or some of the networks have. @param {string} name @param {string} cost @param {(found: Found) => number | undefined} figure */
function draw(name, cost, figure) {
  const series = [...bySize].map(([network, results]) => ({
    name: titles[network],
    points: [...results].flatMap(([side, result]) => {
      const value = figure(result);
      return value === undefined ? [] : [{ side, cost: value }];
    }),
  }));
  const drawn = series.filter(({ points }) => points.length > 1);
  if (drawn.length > 0) writeFileSync(join(String(given.charts), `${name}.svg`), efficiencyChart(cost, drawn));
}

if (given.charts !== undefined) {
  draw('efficiency-forward', 'seconds of a forward pass', ({ forward }) => forward && median(forward));
  draw('efficiency-step', 'seconds of a training step', ({ step }) => step && median(step));
  draw('efficiency-memory', 'GB of a training step, forecast where not measured', ({ memory = 0, forecast }) =>
    rounds > 0 ? (memory || forecast) / 1e9 : undefined,
  );
  bySize.delete('rin-pytorch'); // its line would hide that of rin, which is the same network
  draw('efficiency-flops', 'GFLOP of a forward pass', ({ flops }) => flops / 1e9);
}
