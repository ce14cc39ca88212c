import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { RinError } from '@rin/core';
import type { ProgramSample } from '../../src/data/samples.js';
import { sample } from '../../src/diffusion/sample.js';
import { loadModel } from '../../src/runs/loadModel.js';
import { trainOrStop as train } from '../../src/training/trainer.js';
import { freshFolder, outcome, tiny } from './tiny.js';

// Condition sequences of two embeddings of three numbers, given by a program.

const model = { classes: 0, conditionTokens: 2, conditionDim: 3 };

/** Grey squares; the brightness stands in both embeddings, as a share and as a byte. */
const brightness = (share: number) => Float32Array.of(0, 2 * share - 1, 0, 0, 0, 2 * share - 1);
const squares: ProgramSample[] = Array.from({ length: 24 }, (_, i) => ({
  pixels: new Uint8Array(64).fill(Math.round((255 * i) / 23)),
  condition: brightness(i / 23),
}));

const config = tiny({ model, training: { validation: 0.2 } });

test('a run with conditions resumes to the same bytes, previews and held-out losses included', async () => {
  const [whole, parts] = [freshFolder(), freshFolder()];
  const { run: expected } = await train({ config, data: squares, runsFolder: whole });
  assert.ok(expected);
  for (const stop of [8, 56]) {
    const controller = new AbortController();
    const onProgress = ({ images }: { images: number }) => images === stop && controller.abort();
    const { finished } = await train({
      config,
      data: squares,
      runsFolder: parts,
      onProgress,
      signal: controller.signal,
    });
    assert.equal(finished, false);
  }
  const { run, finished } = await train({ config, data: squares, runsFolder: parts });
  assert.ok(run && finished);
  assert.deepEqual(readdirSync(parts).length, 1);
  assert.deepEqual(outcome(run), outcome(expected));
  // other conditions are other data, and train otherwise
  const others = squares.map((each, i) => ({ ...each, condition: brightness((23 - i) / 23) }));
  const other = await train({ config, data: others, runsFolder: parts });
  assert.ok(other.run && other.run !== run);
  assert.notEqual(outcome(other.run).stats, outcome(run).stats);
});

test('samples follow their conditions', async () => {
  const learning = tiny({
    model,
    diffusion: { prediction: 'x', loss: 'x' },
    training: { images: 2400, optimizer: { kind: 'adamw' }, sampleEvery: 0, logEvery: 2400, checkpointEvery: 2400 },
    sampling: { steps: 4, guidance: 0.5 },
  });
  const { run } = await train({ config: learning, data: squares, runsFolder: freshFolder() });
  const trained = await loadModel(run ?? '');
  // Where so short a training ends depends on rounding, most of all between the ends. So the ends are compared, over four seeds each.
  const shares = [0.1, 0.9];
  const images = await sample(trained, { seeds: [0, 1, 2, 3, 4, 5, 6, 7], conditions: shares.map(brightness) });
  const found = images.map(({ data }) => data.reduce((sum, byte) => sum + byte, 0) / data.length / 255);
  const [dark, bright] = [0, 1].map((end) => found.reduce((sum, each, i) => sum + (i % 2 === end ? each / 4 : 0), 0));
  assert.ok(dark < 0.35 && bright > 0.65, `${found} for ${shares}`);
});

test('data whose conditions do not fit the network are refused in one sentence', async () => {
  const refused = (data: ProgramSample[], message: string, over: object = model) =>
    assert.rejects(train({ config: tiny({ model: over }), data, runsFolder: freshFolder() }), (error) => {
      assert.ok(error instanceof RinError);
      assert.equal(error.message, message);
      return true;
    });
  const pixels = new Uint8Array(64);
  await refused(
    [{ pixels, condition: new Float32Array(5) }],
    'samples: sample 0: condition has 5 numbers; expected 6, 2 × 3',
  );
  await refused(
    [{ pixels }],
    'samples: its samples have no condition sequences, but model.conditionTokens is 2 and model.conditionDim 3; give each sample a condition, or set both to 0',
  );
  await refused(
    [{ pixels, condition: new Float32Array(6), label: 0 }],
    'samples: its condition sequences are [1, 6], but model.conditionTokens is 0 and model.conditionDim 0; set them to 1 and 6',
    { classes: 1 },
  );
});
