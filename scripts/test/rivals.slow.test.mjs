// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, loadPreset } from '../../packages/rin/dist/src/index.js';
import { findPython } from '../python.mjs';

const python = await findPython({ diffusers: true });
const skip = python === undefined && 'no Python with diffusers is here; npm run python -- --diffusers makes one';
const bench = fileURLToPath(new URL('../../bench/', import.meta.url));

/** @param {string[]} args @param {string} [input] */
function run(args, input = '') {
  const env = { ...process.env, OMP_NUM_THREADS: '1' };
  const { stdout, stderr } = spawnSync(String(python), args, { input, cwd: bench, env, encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return stdout;
}

/** What efficiency.py counts, without memory for it. @param {string} network @param {number[]} size @param {object} config */
const counted = (network, size, config) =>
  JSON.parse(run(['efficiency.py'], `${JSON.stringify({ network, size, config, rounds: 0, threads: 1, limit: 0 })}\n`));

/** @param {number} found @param {number} printed @param {number} share */
const near = (found, printed, share) =>
  assert.ok(Math.abs(found / printed - 1) < share, `${found}, but ${printed} is published`);

test('the U-Net has the weights of ADM for 256, and twice its published multiply-adds', { skip }, () => {
  const { parameters, flops } = counted('adm', [256, 256], loadPreset('imagenet256', {}));
  near(parameters, 554e6, 0.001); // Dhariwal & Nichol 2021
  near(flops, 2 * 1120e9, 0.001); // Peebles & Xie 2023
});

test('DiT-XL/2 on latents has its published weights, and twice its published multiply-adds', { skip }, () => {
  const { model, diffusion } = loadPreset('imagenet64', {});
  const { parameters, flops } = counted('dit-latent', [32, 32], { model: { ...model, channels: 4 }, diffusion });
  near(parameters, 675e6, 0.001);
  near(flops, 2 * 118.6e9, 0.001);
});

test('PyTorch counts for the RIN what rin inspect counts', { skip }, () => {
  const config = loadPreset('kinetics600', {}); // with given frames
  const { parameters, flops } = counted('rin-pytorch', [16, 64, 64], config);
  const own = inspect(config);
  assert.equal(parameters, own.parameters);
  assert.equal(flops, own.passFlops);
});

test('the trainer for equal times has the loss of rin.py, and its rivals start at zero', { skip }, () => {
  const config = loadPreset('cifar10-small', { model: { zeroReadout: false } });
  const program = `
import json, sys
import torch
import equalTime
config = json.loads(sys.stdin.read())
torch.set_num_threads(1)
torch.manual_seed(0)
x, condition = torch.rand(6, 3, 32, 32) * 2 - 1, torch.eye(10)[:6]
answer = {}
for network in ('rin', 'dit', 'unet', 'unet-fast'):
    model = equalTime.built(network, config)
    draws = equalTime.rin.draw(config['diffusion'], x)
    if network == 'rin':  # what is carried makes a difference only where this norm has a gain
        torch.nn.init.ones_(model.previous_norm.weight)
    mine = equalTime.loss(model, config['diffusion'], x, condition, draws)
    theirs = equalTime.rin.training_loss(model, config['diffusion'], x, condition, draws)
    blank = model(x, torch.ones(6), condition)[0].abs().max()
    answer[network] = [mine.item(), theirs.item(), blank.item(), sum(p.numel() for p in model.parameters())]
print(json.dumps(answer))
`;
  const answer = JSON.parse(run(['-c', program], JSON.stringify(config)));
  for (const [mine, theirs] of Object.values(answer)) near(mine, theirs, 1e-6);
  for (const rival of ['dit', 'unet', 'unet-fast']) assert.equal(answer[rival][2], 0);
  for (const rival of ['dit', 'unet']) near(answer[rival][3], answer.rin[3], 0.1);
});
