import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { run } from '../../src/cli/main.js';
import { parseConfig } from '../../src/config/parse.js';
import { fromYaml } from '../../src/config/yaml.js';
import { loadPreset } from '../../src/training/presets.js';
import { bin, rin } from './rin.js';
import { workplace } from './tiny.js';

const back = process.cwd();
let cwd = '';
before(async () => {
  cwd = await workplace();
  process.chdir(cwd);
});
after(() => process.chdir(back));

/** What a command that cannot be done says, before the pointer to the help that those have that were called wrongly. */
async function refused(expected: number, ...args: string[]): Promise<string> {
  const said: string[] = [];
  const error = mock.method(console, 'error', (text: string) => said.push(text));
  const code = await run(args).finally(() => error.mock.restore());
  const text = said.join('\n');
  assert.equal(code, expected, text);
  assert.doesNotMatch(text, /\n +at /);
  assert.equal(/\nSee rin .*--help$/.test(text), code === 2, text);
  return text.replace(/\nSee rin .*--help$/, '');
}

const tiny = ['train', '--config', 'tiny.yaml'];

test('what is misspelt is told with what was meant, and exit code 2', async () => {
  assert.equal(await refused(2, 'trian'), 'trian is not a command; did you mean train?');
  assert.equal(
    await refused(2, 'frobnicate'),
    'frobnicate is not a command; expected one of train, sample, evaluate, data, inspect, export, runs, report, studio, demo, launch, doctor, setup',
  );
  assert.equal(
    await refused(2, 'train', '--lattents', '4'),
    '--lattents is not a known flag; did you mean --model.latents?',
  );
  assert.equal(await refused(2, 'train', '--preset', 'emoji'), 'there is no preset emoji; did you mean emoji-64?');
});

test('an argument without its flag is told with the flag that it lacks, and exit code 2', async () => {
  const meant = async (...args: string[]) => /did you mean (.*)\?$/.exec(await refused(2, ...args))?.[1];
  assert.equal(
    await refused(2, 'train', 'pictures'),
    'rin train: unexpected argument pictures; did you mean --data pictures?',
  );
  assert.equal(await meant('train', 'emoji'), '--data emoji');
  assert.equal(await meant('train', 'my frames'), "--data 'my frames'");
  assert.equal(await meant('train', 'cifar10'), '--preset cifar10');
  assert.equal(await meant('train', 'tiny.yaml'), '--config tiny.yaml');
  assert.equal(await meant('train', 'model.safetensors'), '--init model.safetensors');
  assert.equal(await meant('train', '3'), '--init 3');
  assert.equal(await meant('demo', 'here'), '--out here');
  assert.equal(await meant('sample', 'runs/a', 'cat'), '--classes cat');
  assert.equal(await meant('sample', 'runs/a', '0-7'), '--seeds 0-7');
  assert.match(await refused(2, 'doctor', 'x'), /unexpected argument x; usage: rin doctor/);
});

test('classes and seeds in the place of a model are told with their flags', async () => {
  const start = 'there is no such model file or run';
  assert.equal(await refused(1, 'sample', 'cat'), `cat: ${start}; did you mean --classes cat?`);
  assert.equal(await refused(1, 'sample', 'cat,heart'), `cat,heart: ${start}; did you mean --classes cat,heart?`);
  assert.equal(await refused(1, 'sample', '0-15'), `0-15: ${start}; did you mean --seeds 0-15?`);
  assert.equal(await refused(1, 'sample', 'cat,rose'), `cat,rose: ${start}`);
});

test('a run is known by its number in every command, and a number without a run is told with those that have one', async () => {
  mkdirSync('numbered');
  process.chdir('numbered');
  try {
    const unknown = '1: there is no run of this number in runs';
    const commands = [
      ['sample', '1'],
      ['runs', '1'],
      ['train', '--init', '1'],
    ];
    for (const args of commands) assert.equal(await refused(1, ...args), `${unknown}; it has no runs yet`);
    for (const name of ['00002-cats', '00010-dogs']) mkdirSync(`runs/${name}`, { recursive: true });
    for (const args of commands) assert.equal(await refused(1, ...args), `${unknown}; its runs are 10, 2`);
    // The run is found; it has no model yet.
    const empty = (path: string) =>
      `${path}: there is no model.safetensors in this folder; a run writes it with its first checkpoint`;
    for (const name of ['10', '00010', '00010-dogs', 'runs/00010-dogs']) {
      assert.equal(await refused(1, 'sample', name), empty('runs/00010-dogs'));
      assert.equal(await refused(1, 'train', '--init', name), empty('runs/00010-dogs'));
    }
    assert.equal(
      await refused(1, 'train', '--init', '2', '--runs', 'elsewhere'),
      '2: there is no run of this number in elsewhere; it has no runs yet',
    );
    mkdirSync('10'); // a folder that is really called 10
    assert.equal(await refused(1, 'sample', '10'), empty('10'));
  } finally {
    process.chdir(cwd);
  }
});

test('what was typed and does not fit is told by key, with what is allowed', async () => {
  assert.equal(
    await refused(2, ...tiny, '--data', 'pictures', '--model.patch', '3', '--model.latentHeads=5'),
    'command line: model.patch 3 does not divide the image size 8; use the patch 1, 2, 4 or 8, or the image size 6\n' +
      'command line: model.latentHeads 5 does not divide model.latentDim 16; use 1, 2, 4, 8 or 16',
  );
  assert.equal(
    await refused(2, ...tiny),
    'there are no data: name a folder, a tar, or a built-in set ("emoji", "bouncing", "tones"), as in --data my-pictures',
  );
});

test('a key of another kind is told, on top of preset and file', async () => {
  assert.equal(
    await refused(2, ...tiny, '--data', 'pictures', '--training.optimizer.adamRate', '1e-3'),
    'command line: training.optimizer.adamRate is a key of muon, not of lamb; known here: kind, beta1, beta2, epsilon',
  );
  const { code, stdout } = await rin(
    ['train', '--preset', 'emoji-64', '--training.optimizer.adamRate', '1e-3', '--diffusion.schedule.end=0.9', '-n'],
    { cwd },
  );
  assert.equal(code, 0);
  const { training, diffusion } = parseConfig(fromYaml(stdout, 'stdout'), 'stdout');
  assert.equal(training.optimizer.kind === 'muon' && training.optimizer.adamRate, 1e-3);
  assert.equal('end' in diffusion.schedule && diffusion.schedule.end, 0.9);
});

test('of a configuration file that is wrong, the file is named, and the line or the key', async () => {
  writeFileSync(join(cwd, 'broken.yaml'), 'model:\n  size: 8\n  patch: [4\ntraining: {}\n');
  assert.match(await refused(1, 'train', '--config', 'broken.yaml'), /^broken\.yaml: .* at line 4, column 1$/);
  writeFileSync(join(cwd, 'wrong.yaml'), 'model: { size: 8, patch: 4, depth: 2 }\ntraning: { batch: 3 }\n');
  writeFileSync(join(cwd, 'prose.yaml'), 'trains a network\n');
  assert.equal(
    await refused(1, 'train', '--config', 'wrong.yaml'),
    'wrong.yaml: model.depth is 2; expected a list of whole numbers such as [2, 2, 2]\n' +
      'wrong.yaml: traning is not a known key; did you mean training?',
  );
  assert.equal(
    await refused(1, 'train', '--config', 'prose.yaml'),
    'prose.yaml: it has no keys; expected a configuration in YAML, such as the config.yaml of a run',
  );
  assert.equal(await refused(1, 'train', '--config', 'none.yaml'), 'none.yaml: there is no such configuration file');
  assert.equal(await refused(1, 'train', '--config', 'pictures'), 'cannot read pictures: it is a folder');
  assert.match(await refused(1, 'train', '--config', '/dev/zero'), /^\/dev\/zero: the text has 400,004 characters; /);
});

test('data that are not there or do not fit are told', async () => {
  assert.equal(
    await refused(1, ...tiny, '--data', 'photos'),
    'photos: no such folder or file; "emoji", "bouncing" and "tones" are built-in sets',
  );
  assert.equal(
    await refused(1, ...tiny, '--data', 'pictures', '--model.classes', '5'),
    'pictures: it has 3 classes (blue, green, red), but model.classes is 5; set it to 3, or leave it out',
  );
});

test('models that are not there, or are none, are told', async () => {
  writeFileSync(join(cwd, 'damaged.safetensors'), Buffer.alloc(1000, 7));
  assert.equal(await refused(1, 'sample', 'nothing'), 'nothing: there is no such model file or run');
  assert.equal(
    await refused(1, 'sample', 'pictures'),
    'pictures: there is no model.safetensors in this folder; a run writes it with its first checkpoint',
  );
  assert.match(await refused(1, 'sample', 'damaged.safetensors'), /^damaged\.safetensors: /);
});

test('what cannot be drawn is told before anything is drawn', async () => {
  assert.match(
    await refused(2, 'sample', '--device', 'gpu'),
    /^--device is "gpu"; expected auto, cpu, cuda, cuda:N or mps$/,
  );
  assert.equal(await refused(2, 'sample', '--columns', '0'), '--columns 0: expected a whole number, at least 1');
});

test('--verbose shows where an error arose', async () => {
  const { code, stderr } = await rin(['train', '--config', 'none.yaml', '--verbose'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /^ConfigError: none\.yaml: there is no such configuration file\n +at /);
});

test('a dry run prints the configuration, each layer over the one before, and does nothing else', async () => {
  mkdirSync(join(cwd, 'dry'));
  writeFileSync(join(cwd, 'dry/over.yaml'), 'training: { batch: 4, learningRate: 0.5 }\nseed: 7\n');
  const { code, stdout, stderr } = await rin(
    ['train', '--preset', 'emoji-64', '--config', 'over.yaml', '--lr', '0.25', '--data', '../pictures', '-n'],
    { cwd: join(cwd, 'dry') },
  );
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^model\.classes is 3, from the data: blue, green, red\n6 of 6 pictures .* are smaller than 64×64, [^\n]*\n.*memory: about \d+ MB \(.*\)\ndisk: up to \d+ MB .*free\n/s,
  );
  const { name, seed, source, model, training } = fromYaml(stdout, 'stdout') as Record<string, Record<string, unknown>>;
  assert.deepEqual([name, seed, source], ['rin', 7, '../pictures']);
  const { clipNorm } = loadPreset('emoji-64').training;
  assert.ok(clipNorm !== 0); // which is the schema's default
  assert.deepEqual([training.clipNorm, training.batch, training.learningRate], [clipNorm, 4, 0.25]);
  assert.deepEqual([model.classes, model.size], [3, 64]);
  const listed = await rin(['train', '--preset', 'list'], { cwd });
  assert.match(listed.stdout, /^emoji-64 {2,}The demo: /m);
  // What was printed is a configuration file by itself.
  writeFileSync(join(cwd, 'dry/printed.yaml'), stdout);
  assert.equal((await rin(['train', '--config', 'printed.yaml', '-n'], { cwd: join(cwd, 'dry') })).stdout, stdout);
});

test('output that nobody reads any more is no error', () => {
  const first = execFileSync('sh', ['-c', `"${process.execPath}" "${bin}" train --help | head -1`], {
    encoding: 'utf8',
  });
  assert.equal(first, 'rin train [OPTIONS]\n');
});
