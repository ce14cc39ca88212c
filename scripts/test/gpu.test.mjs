// @ts-check
// bench/gpu.sh: what it carries to a machine without network, and what it says about wrong arguments.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { carried, needsMore, pack } from '../../bench/gpu/pack.mjs';
import { temporaryFolder } from './folders.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = join(root, 'bench', 'gpu.sh');

/** Runs the script. @param {...string} args */
function run(...args) {
  const { status, stdout, stderr } = spawnSync('bash', [script, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.trim() };
}

/** A clone with a package to carry, one for development, and built files. @param {import('node:test').TestContext} t */
function clone(t) {
  const packages = {
    'node_modules/sharp': {},
    'node_modules/typescript': { dev: true },
    'node_modules/onnxruntime-web': {},
    'node_modules/rin': { link: true },
    'node_modules/absent': { optional: true },
    'packages/rin': {},
  };
  return temporaryFolder(t, {
    'node_modules/.package-lock.json': JSON.stringify({ packages }),
    'node_modules/sharp/index.js': 'sharp',
    'node_modules/sharp/index.js.map': 'map',
    'node_modules/typescript/index.js': 'typescript',
    'node_modules/onnxruntime-web/index.js': 'runtime',
    'node_modules/rin/index.js': 'rin',
    ...Object.fromEntries(['torch', 'core', 'web', 'rin'].map((name) => [`packages/${name}/dist/a.js`, name])),
    'packages/rin/src/a.ts': 'source',
  });
}

test('only what the programs need is carried, and Node.js', (t) => {
  const [from, to] = [clone(t), temporaryFolder(t)];
  const node = join(from, 'node'); // a program like any other
  copyFileSync('/bin/true', node);
  assert.ok(pack(join(to, 'carry'), { root: from, node }) > 0);
  assert.ok(!existsSync(join(to, 'carry', 'files')));
  const unpack = join(root, 'bench', 'gpu', 'unpack.py');
  const names = execFileSync('tar', ['-tf', join(to, 'carry', 'carry.tar.xz')], { encoding: 'utf8' }).split('\n');
  assert.deepEqual(names.filter((name) => /[^/]$/.test(name)).sort(), [
    'node',
    'node_modules/rin/index.js',
    'node_modules/sharp/index.js',
    'packages/core/dist/a.js',
    'packages/rin/dist/a.js',
    'packages/torch/dist/a.js',
    'packages/web/dist/a.js',
  ]);
  execFileSync('python3', [unpack, join(to, 'carry', 'carry.tar.xz'), join(to, 'node')], { cwd: to });
  assert.equal(readFileSync(join(to, 'packages/rin/dist/a.js'), 'utf8'), 'rin');
  execFileSync(join(to, 'node', 'bin', 'node'));
});

test('what is too large is not written, and says its size', (t) => {
  const [from, to] = [clone(t), temporaryFolder(t)];
  const options = { root: from, node: '/bin/true', limit: 0.001 };
  assert.throws(() => pack(to, options), /carry\.tar\.xz would have 0\.\d MiB; at most 0\.001 MiB can be carried/);
  assert.ok(!existsSync(join(to, 'carry.tar.xz')));
});

test('a clone that is not built cannot be packed, nor a Node.js that needs more libraries', (t) => {
  assert.throws(() => pack(temporaryFolder(t), { root: temporaryFolder(t) }), /not built; run "npm run setup" first/);
  assert.equal(needsMore('libm.so.6 => /lib/libm.so.6\nlibnode.so.115 => /lib/libnode.so.115'), 'libnode.so.115');
  assert.equal(needsMore('libc.so.6 => /lib/libc.so.6'), undefined);
});

test('the packages of this clone are carried without those for development', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'));
  const paths = carried(packages);
  for (const name of ['rin', '@rin/torch', 'sharp', 'zod', 'node-api-headers'])
    assert.ok(paths.includes(`node_modules/${name}`));
  for (const name of ['typescript', '@biomejs/biome', 'onnxruntime-web'])
    assert.ok(!paths.includes(`node_modules/${name}`));
});

test('wrong arguments of bench/gpu.sh are told in one line, and nothing is written', (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, 'out');
  /** @type {[string[], RegExp][]} */
  const cases = [
    [['--gpu'], /unknown argument --gpu; --help lists the arguments$/],
    [['--out'], /--out needs a value$/],
    [['--out', ''], /--out needs a value$/],
    [['--minutes', '0', '--out', out], /--minutes is "0"; expected a whole number from 1 to 600$/],
    [['--minutes', 'x', '--out', out], /--minutes is "x"; expected a whole number from 1 to 600$/],
    [['--data', join(folder, 'absent'), '--out', out], /--data \S*absent is not there$/],
    [
      ['--carry', folder, '--out', out],
      /carry\.tar\.xz is not there; write it with bench\/gpu\.sh --pack on a machine with the network$/,
    ],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = run(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stderr.split('\n').length, 1);
  }
  assert.ok(!existsSync(out));
  const { status, stdout } = run('--help');
  assert.equal(status, 0);
  for (const name of ['--pack', '--out', '--carry', '--data', '--minutes', '--rehearse'])
    assert.ok(stdout.includes(name));
});

test('the share of the peak is that of the operations in a second, and a contestant that was late is named', (t) => {
  const folder = temporaryFolder(t);
  const results = join(folder, 'results.json');
  const contestants = [
    { name: 'rin', ms: 10, memory: 100 },
    { name: 'PyTorch, compiled', why: 'not ready after 50 s' },
  ];
  const race = {
    task: 'train',
    network: 'cifar10',
    dtype: 'bfloat16',
    count: 256,
    steps: 20,
    rounds: 3,
    gflop: 1200,
    contestants,
  };
  const versions = { torch: '2.11', cuda: '13', python: '3.12', compiler: 'g++', processor: 'x86', commit: 'abc' };
  const begun = { began: 'now', device: 'cuda', card: 'A card', data: 'emoji', ...versions };
  const stages = [{ name: 'peak', exit: '0', seconds: 1, limit: 60 }];
  writeFileSync(
    results,
    JSON.stringify({ ...begun, stages, peak: { tflops: 800, side: 8192, dtype: 'bfloat16' }, races: [race] }),
  );
  const report = join(root, 'bench', 'gpu', 'report.py');
  const env = { ...process.env, GPU_RESULTS: results };
  execFileSync('python3', [report, 'end', join(folder, 'none')], { env });
  const text = readFileSync(join(folder, 'report.md'), 'utf8');
  // 1,200 GFLOP in 10 ms are 120 TFLOP/s.
  assert.match(text, /\| cifar10 \| rin \| 10\.00 \| 1\.00 \| 25,600 \| 15\.0 \| 100 \| bfloat16 \|/);
  assert.match(text, /\| cifar10 \| PyTorch, compiled \| not ready after 50 s \|/);
});
