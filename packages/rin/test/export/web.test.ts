import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { samplerNames, selfConditionings } from '@rin/core';
import type { SampleOptions } from '@rin/web';
import { exportWeb } from '../../src/export/exportWeb.js';
import { freshFolder, tiny } from '../training/tiny.js';
import { assertSameSamples, drawn, modelFor, openHere, partsIn } from './drawing.js';

const wrong = (message: RegExp) => ({ name: 'RinError', message });
const exported = async (over: object, classes?: readonly string[]) => {
  const model = modelFor(tiny(over), classes);
  const folder = freshFolder();
  await exportWeb(model, folder);
  return { model, folder, web: await openHere(partsIn(folder)) };
};
const usual = { seeds: [0, 7, 2 ** 40], steps: 4 };

test('every sampler, guidance in an interval and momentum give the pictures of rin sample', async () => {
  const { model, web } = await exported({ model: { selfConditioning: 'both' }, diffusion: { prediction: 'x' } }, [
    'a',
    'b',
  ]);
  for (const sampler of samplerNames) await assertSameSamples(model, web, { ...usual, sampler });
  const more: SampleOptions[] = [
    { guidance: 1.5 },
    { guidance: 1.5, guidanceFrom: 0.2, guidanceTo: 0.7, sampler: 'heun' },
    { momentum: 0.4, sampler: 'heun', clip: false },
    { sampler: 'ddim', eta: 0.5, timeDelta: 1 },
    { variance: 'small', schedule: { kind: 'sigmoid', start: -3, end: 3, tau: 0.9 } },
    { classes: ['b', 0, null], guidance: 1 },
  ];
  for (const options of more) await assertSameSamples(model, web, { ...usual, ...options });
});

test('every form of self-conditioning, prediction and input scaling gives the pictures of rin sample', async () => {
  const [predictions, scalings] = [['eps', 'x', 'v'] as const, ['none', 'sample', 'expected'] as const];
  for (const [i, selfConditioning] of selfConditionings.entries()) {
    const rate = selfConditioning === 'none' ? { selfConditioningRate: 0 } : {};
    const diffusion = {
      ...rate,
      prediction: predictions[i % 3],
      normalizeInput: scalings[(i + 1) % 3],
      inputScale: 0.7,
    };
    const { model, web } = await exported({ model: { selfConditioning }, diffusion });
    await assertSameSamples(model, web, { ...usual, guidance: 0.5 });
  }
});

test('a network that was trained without self-conditioning starts each step anew', async () => {
  const { model, web } = await exported({ diffusion: { selfConditioningRate: 0 } });
  await assertSameSamples(model, web, usual);
});

test('sounds, clips and pictures under sequences are those of rin sample', async () => {
  const sound = await exported({ model: { size: [64], patch: [8], channels: 1 } });
  await assertSameSamples(sound.model, sound.web, usual);
  assert.equal(sound.web.medium, 'sound');
  const clip = await exported({ model: { size: [4, 4, 4], patch: [2, 2, 2], channels: 3 } });
  await assertSameSamples(clip.model, clip.web, usual);
  const asked = await exported({ model: { classes: 0, conditionDim: 5, conditionTokens: 2 } });
  const conditions = [Float32Array.from({ length: 10 }, (_, i) => i / 10), null];
  await assertSameSamples(asked.model, asked.web, { ...usual, conditions, guidance: 1 });
});

test('a clip goes on over sections, from the clips that were exported', async () => {
  const model = modelFor(
    tiny({ model: { size: [4, 4, 4], patch: [2, 2, 2], channels: 1, givenFrames: 2, classes: 0 } }),
  );
  const given = [1, 2].map((factor) => ({
    data: Uint8Array.from({ length: 64 }, (_, i) => (37 * factor * i) % 256),
    shape: [1, 4, 4, 4],
  }));
  const folder = freshFolder();
  await assert.rejects(exportWeb(model, folder), wrong(/^this model continues clips: give it one/));
  await exportWeb(model, folder, { given });
  const [file] = [readFileSync(join(folder, 'given.bin'))];
  const starts = [0, 32].map((at) => ({ data: new Uint8Array(file.subarray(at, at + 32)), shape: [1, 2, 4, 4] }));
  assert.deepEqual(Array.from(starts[0].data), Array.from(given[0].data.subarray(32)));
  const web = await openHere(partsIn(folder, starts));
  await assertSameSamples(model, web, { ...usual, frames: 7, given });
  const [one, other] = [await drawn(web, { ...usual, frames: 7 }), await drawn(web, { ...usual, frames: 7, given })];
  assert.deepEqual(one, other, 'without given ones, those of the export go on');
});

test('reads say for each seed and block how much attention each patch gets, when they are wanted', async () => {
  const { web, model } = await exported({ model: { depth: [1, 1] } });
  const wanted = [true, false, true, false];
  const steps = [];
  for await (const step of web.sample({ ...usual, reads: () => wanted[steps.length] })) steps.push(step);
  assert.deepEqual(
    steps.map(({ reads }) => reads !== undefined),
    wanted,
  );
  const [first] = steps[0].reads ?? [];
  assert.equal(steps[0].reads?.length, 3);
  assert.equal(first.length, 2);
  for (const map of first) {
    assert.equal(map.length, 4);
    const sum = map.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum - model.config.model.latents) < 1e-3, `${sum}: each latent spreads an attention of 1`);
  }
});

test('a sampling ends at its signal, and with rounded weights the self-check holds', async () => {
  const model = modelFor(tiny());
  const folder = freshFolder();
  await exportWeb(model, folder, { dtype: 'float16' });
  const web = await openHere(partsIn(folder));
  assert.ok(web.engine.difference < 0.01, `${web.engine.difference}`);
  const controller = new AbortController();
  const steps: number[] = [];
  const run = async () => {
    for await (const { step } of web.sample({ steps: 9, signal: controller.signal })) {
      steps.push(step);
      if (step === 2) controller.abort(new Error('enough'));
    }
  };
  await assert.rejects(run, { message: 'enough' });
  assert.deepEqual(steps, [1, 2]);
});

test('an engine with wrong numbers is refused, and so are options that do not fit', async () => {
  const { web, folder } = await exported({}, ['a', 'b']);
  const { manifest, graph } = partsIn(folder);
  const { prediction } = manifest.check.outputs;
  const other = Buffer.from(prediction.values, 'base64').map((byte, i) => (i % 4 === 3 ? byte ^ 0x80 : byte)); // signs
  const check = {
    ...manifest.check,
    outputs: { prediction: { ...prediction, values: Buffer.from(other).toString('base64') } },
  };
  await assert.rejects(openHere({ manifest: { ...manifest, check }, graph }), {
    name: 'EngineError',
    message: /^WebAssembly computes wrong numbers: the self-check differs by \d/,
  });
  for (const [options, message] of [
    [{ class: 'c' }, /^class c: this model has the classes 0 to 1: a, b$/],
    [{ seed: -1 }, /^seed -1: expected a whole number/],
    [{ steps: 0 }, /^steps 0: expected a whole number, at least 1$/],
    [{ sampler: 'euler' }, /^sampler euler: expected one of ddim, /],
    [{ guidance: Number.NaN }, /^guidance NaN: expected a number, at least 0$/],
    [{ frames: 3 }, /^frames: this model was trained without given frames/],
    [{ conditions: [null] }, /^conditions: this model takes no sequences/],
  ] as const)
    await assert.rejects(drawn(web, options as SampleOptions), wrong(message));
});

test('the folder has the page, the engines and their licence; names in it are escaped', async () => {
  const { folder, model } = await exported({
    name: 'my-model',
    source: '/home/secret',
    training: { init: '/home/secret2' },
  });
  const { manifest } = partsIn(folder);
  for (const { script, binary } of Object.values(manifest.engines)) {
    assert.ok(existsSync(join(folder, script)), script);
    assert.equal(statSync(join(folder, binary.file)).size, binary.bytes);
  }
  assert.equal(statSync(join(folder, 'model.onnx')).size, manifest.graph.bytes);
  assert.doesNotMatch(
    readFileSync(join(folder, 'model.onnx'), 'latin1'),
    /secret/,
    'no path of this machine is published',
  );
  assert.match(readFileSync(join(folder, 'engine/LICENSE.txt'), 'utf8'), /MIT License\n\nCopyright \(c\) Microsoft/);
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  assert.match(page, /<title>my-model<\/title>/);
  assert.doesNotMatch(page, /\{\{|https?:/);
  const three = modelFor(tiny({ model: { channels: 2 } }));
  const taken = freshFolder();
  writeFileSync(join(taken, 'index.html'), 'mine');
  await assert.rejects(exportWeb(model, taken), wrong(/is no page of rin; name another folder, or remove this file$/));
  assert.equal(readFileSync(join(taken, 'index.html'), 'utf8'), 'mine');
  await exportWeb(model, folder); // over a page of rin
  await assert.rejects(exportWeb(three, freshFolder()), wrong(/^samples of 2 channels cannot be shown on a page/));
});
