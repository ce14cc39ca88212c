import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import sharp from '../../../src/media/sharp.js';
import { RIN } from '../../../src/model/rin.js';
import { freshFolder, samples, tiny } from '../../training/tiny.js';
import { rin } from '../rin.js';

// A model of two blocks without trained weights: its 8×8 pixels are four patches.
const cwd = freshFolder();
const config = tiny({ model: { depth: [1, 0] }, sampling: { steps: 3 } });
const parameters = new RIN(config.model).parameters();
await saveModel(join(cwd, 'model.safetensors'), { config, classes: ['left', 'right'], meanSquare: 0.3, parameters });
writeFileSync(join(cwd, 'my.yaml'), 'name: mine\n');

const run = (...args: string[]) => rin(['inspect', ...args], { cwd });
const look = (...args: string[]) => run('model.safetensors', '--attention', '--threads', '1', ...args);

interface Told {
  readonly files: readonly string[];
  readonly numbers: readonly {
    step: number;
    block: number;
    entropy: number;
    mostEntropy: number;
    object?: { chance: number };
  }[];
}

test('the attention of drawn samples is written as sheets and an animation, and told in numbers', async () => {
  const { code, stdout, stderr } = await look();
  assert.equal(stderr, '');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^read attention of 2 drawn pictures: all latents, all heads, means over the samples$/m);
  assert.match(stdout, /^entropy in nats; over 4 tokens it is at most ln 4 = 1\.39$/m);
  assert.match(stdout, /^step +gamma +block +entropy of a latent +of all together +detail$/m);
  assert.equal(stdout.match(/^ +[123] +[01]\.\d{3} +[01] +\d\.\d\d +\d\.\d\d +\d\.\d\d$/gm)?.length, 6);
  assert.deepEqual(readdirSync(join(cwd, 'attention')).sort(), ['000000.png', '000001.png', 'attention.webp']);
  const { pages, width = 0 } = await sharp(join(cwd, 'attention/attention.webp')).metadata();
  assert.equal(pages, 3);
  const sheet = await sharp(join(cwd, 'attention/000001.png')).metadata();
  assert.ok((sheet.width ?? 0) > 3 * 128 && width > 2 * 128, 'a column for each step, and for each sample');
});

test('block, latent, head, steps, classes and the write are chosen as rin sample is', async () => {
  const args = ['--seeds', '5', '--classes', 'right', '--steps', '4', '--at', '2,4', '--sampler', 'ddim'];
  const { code, stdout, stderr } = await look(
    ...args,
    '--block',
    '1',
    '--latent',
    '0',
    '--head',
    '1',
    '--json',
    '--out',
    'a',
  );
  assert.equal(code, 0, stderr);
  const told = JSON.parse(stdout) as Told;
  assert.deepEqual(
    told.numbers.map(({ step, block }) => [step, block]),
    [
      [2, 1],
      [4, 1],
    ],
  );
  assert.deepEqual(
    told.files,
    ['a/000005.png', 'a/attention.webp'].map((name) => join(...name.split('/'))),
  );
  for (const file of told.files) assert.ok(existsSync(join(cwd, file)), file);
  const written = await look('--write', '--seeds', '0', '--at', '1', '--out', 'b');
  assert.match(written.stdout, /^write attention of 1 drawn picture: all latents, all heads/m);
  assert.match(written.stdout, /over 6 latents it is at most ln 6 = 1\.79/);
  assert.equal(written.stdout.match(/^ +1 +0\.000 +0 /gm)?.length, 1, 'block 1 has no write');
});

test('of data, the share on the object stands beside its area if something is transparent', async () => {
  const pixels = Buffer.alloc(256, 200);
  for (let i = 0; i < 64; i++) pixels[4 * i + 3] = i % 8 < 4 ? 255 : 0; // the left half is the object
  const picture = await sharp(pixels, { raw: { width: 8, height: 8, channels: 4 } })
    .png()
    .toBuffer();
  const folder = freshFolder();
  for (const name of ['0.png', '1.png']) writeFileSync(join(folder, name), picture);
  process.env.RIN_DATA_CACHE = freshFolder();
  const { code, stdout, stderr } = await look('--data', folder, '--json', '--out', 'c');
  assert.equal(code, 0, stderr);
  const { numbers, files } = JSON.parse(stdout) as Told;
  assert.equal(numbers.length, 6);
  for (const { object } of numbers) assert.equal(object?.chance, 0.5);
  assert.equal(files.length, 2, 'no animation');
  const opaque = freshFolder();
  const grey = sharp(Buffer.from(samples[2].pixels), { raw: { width: 8, height: 8, channels: 1 } });
  writeFileSync(join(opaque, '0.png'), await grey.png().toBuffer());
  const told = await look('--data', opaque, '--out', 'd', '--seeds', '0', '--at', '1');
  assert.equal(told.code, 0, told.stderr);
  assert.match(told.stdout, /read attention of 1 picture of .* with noise/);
  assert.doesNotMatch(told.stdout, /object/);
});

test('what is not there gets one sentence', async () => {
  const said = async (code: number, args: string[], message: RegExp) => {
    const found = await run(...args);
    assert.match(found.stderr, message);
    assert.equal(found.code, code, found.stderr);
  };
  const model = ['model.safetensors', '--attention'];
  await said(1, [...model, '--block', '2'], /^block 2: expected 0 to 1, because this model has 2 blocks\n$/);
  await said(1, [...model, '--latent', '6'], /^latent 6: expected 0 to 5, because a pass has 6 latents\n$/);
  await said(2, [...model, '--at', 'last'], /^--at last: expected steps such as 1,10-12, from 1 to 3\n/);
  await said(
    1,
    ['emoji-64', '--attention'],
    /^emoji-64: a preset has no weights, so there is no attention to see; name a model or a run\n$/,
  );
  await said(1, ['my.yaml', '--attention'], /^my\.yaml: a configuration has no weights/);
  await said(
    2,
    [...model, '--size', '16'],
    /^--model\.size changes or names a network, but --attention shows a trained model; leave it out\n/,
  );
  await said(
    2,
    ['model.safetensors', '--seeds', '3'],
    /^--seeds belongs to --attention; add it, or leave --seeds out\n/,
  );
  await said(
    2,
    [...model, '--data', 'emoji', '--classes', 'left'],
    /^--classes is for drawn samples, but --data brings its own/,
  );
});
