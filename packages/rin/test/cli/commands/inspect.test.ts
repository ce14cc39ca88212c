import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { RIN } from '../../../src/model/rin.js';
import { freshFolder, tiny } from '../../training/tiny.js';
import { rin } from '../rin.js';

const cwd = freshFolder();
const config = tiny();
const yaml = 'name: mine\nmodel: { size: 16, patch: 4, latents: 8, latentDim: 32, interfaceDim: 16, latentHeads: 2 }\n';
writeFileSync(join(cwd, 'my.yaml'), yaml);
mkdirSync(join(cwd, 'runs/00003-mine'), { recursive: true });
writeFileSync(join(cwd, 'runs/00003-mine/config.yaml'), yaml);
mkdirSync(join(cwd, 'cifar10')); // data of the name of a preset
const parameters = new RIN(config.model).parameters();
await saveModel(join(cwd, 'model.safetensors'), { config, classes: ['a', 'b'], meanSquare: 0.3, parameters });

const told = async (...args: string[]) => {
  const { code, stdout, stderr } = await rin(['inspect', ...args], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  return stdout;
};

test('a preset, a file, a run and a model are inspected', async () => {
  assert.match(await told('cifar10'), /^cifar10: samples of 32 × 32, interface 256 × 256, latents 128 × 512/);
  const file = await told('my.yaml');
  assert.match(file, /^mine: samples of 16 × 16, interface 16 × 16, latents 8 × 32/);
  assert.equal(await told('3'), file);
  const model = JSON.parse(await told('model.safetensors', '--json')) as { parameters: number };
  assert.equal(
    model.parameters,
    Object.values(parameters).reduce((sum, { size }) => sum + size, 0),
  );
});

test('flags change the network, and the published numbers stand beside it', async () => {
  const text = await told('cifar10', '--size', '128', '--training.recompute', 'true', '--chart', 'cost.svg');
  assert.match(text, /samples of 128 × 128, interface 4,096 × 256/);
  assert.match(text, /blocks again, training\.recompute/);
  assert.match(text, /128 × 128 .*RIN 194, ADM 538, CDM 1260/);
  assert.match(readFileSync(join(cwd, 'cost.svg'), 'utf8'), /^<svg /);
});

test('a pass is counted by its latents, and a sample with those of its steps', async () => {
  const total = (text: string) => /10 steps of ddpm.* ([\d.]+) GFLOP/.exec(text)?.[1] ?? assert.fail(text);
  const sampling = ['--sampling.steps', '10'];
  const all = await told('cifar10', ...sampling);
  assert.match(all, /a pass with 34 latents .*\n.*65 latents.*\n.*97 latents.*\n.*128 latents +8\.\d+ GFLOP\n/);
  const fewer = await told('cifar10', ...sampling, '--sampling.latents', '34,128');
  assert.match(fewer, /10 steps of ddpm, latents 34, 128/);
  assert.ok(Number(total(fewer)) < Number(total(all)));
});

test('a name of nothing, and a chart of another kind, get one sentence', async () => {
  const said = async (...args: string[]) => {
    const { code, stderr } = await rin(['inspect', ...args], { cwd });
    return [code, stderr];
  };
  assert.deepEqual(await said('imagenet-256'), [
    1,
    'imagenet-256: there is no preset, configuration file, model or run of this name; did you mean the preset imagenet256?\n',
  ]);
  const [code, text] = await said('cifar10', '--chart', 'cost.pdf');
  assert.equal(code, 2);
  assert.match(String(text), /^--chart cost\.pdf: expected the name of an SVG or PNG file/);
});
