import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { latentsLine, latentsWarning } from '../../../src/cli/commands/sampleRequest.js';
import { parseConfig } from '../../../src/config/parse.js';
import { saveModel } from '../../../src/diffusion/modelFile.js';
import { RIN } from '../../../src/model/rin.js';
import { work } from '../../data/fixtures.js';
import { rin } from '../rin.js';

/** What `rin sample` says of a model of 9 latents that was trained with this latentDrop: 7 are learned. */
async function say(latentDrop: number, ...args: string[]) {
  const config = parseConfig(
    {
      model: { size: 4, patch: 4, classes: 2, latents: 9, latentDim: 8, latentHeads: 1, interfaceDim: 8, depth: [1] },
      diffusion: { labelDropout: 0.1 },
      training: { latentDrop },
      sampling: { steps: 4 },
    },
    'test',
  );
  const path = join(work, `latents-${latentDrop}.safetensors`);
  const network = new RIN(config.model, { seed: 0 });
  await saveModel(path, { config, classes: [], meanSquare: 0.3, parameters: network.parameters() });
  const { code, stdout, stderr } = await rin(['sample', path, '--seeds', '0', '--threads', '1', ...args], {
    cwd: work,
  });
  return { code, stderr, lines: stdout.split('\n').filter((line) => line.startsWith('latents')) };
}

test('rin sample says which latents compute and what it costs, and warns of numbers that were not trained', async () => {
  const cost = (text: string) => new RegExp(`^latents: ${text}; [\\d.]+ kFLOP for a picture, with all [\\d.]+ kFLOP$`);
  for (const [drop, args, line, warning] of [
    [1, ['--latents', '3'], '3 of 9', undefined],
    [0.5, ['--latents', '6,9'], '6, 9 of 9', undefined],
    [0.5, ['--latents', '4,9'], '4, 9 of 9', 'latents 4 .*: this model was trained with 6 to 9 .*latentDrop 0.5'],
    [0, ['--latents', '8'], '8 of 9', 'latents 8 .*: this model was trained with 9 .*latentDrop 0'],
    [
      0.5,
      ['--guidance', '1', '--guidanceLatents', '5'],
      '9 of 9, without a label at most 5',
      'latents 5 .* trained with 6 to 9',
    ],
  ] as const) {
    const { code, stderr, lines } = await say(drop, ...args);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(lines[0], cost(line));
    assert.equal(lines.length, warning === undefined ? 1 : 2);
    if (warning !== undefined) assert.match(lines[1], new RegExp(warning));
  }
  assert.deepEqual((await say(0)).lines, []);
});

test('numbers of latents that do not fit are refused in one sentence', async () => {
  for (const [args, code, sentence] of [
    [['--latents', '0'], 2, /^--latents is 0; expected a whole number, at least 1/],
    [['--latents', '2'], 2, /^--latents 2 leaves no learned latent .*; use 3 to 9\n/],
    [['--latents', '9,10'], 2, /^--latents 10 is above model.latents 9; use 3 to 9\n/],
    [['--latents', '3,4,5,6,7'], 2, /^--latents has 5 numbers for 4 steps/],
    [['--latents', 'few'], 2, /^--latents is "few"; expected a whole number/],
    [['--guidanceLatents', '5'], 1, /^guidanceLatents 5: there is no unlabelled pass \(guidance is 0\)/],
  ] as const) {
    const found = await say(1, ...args);
    assert.equal(found.code, code, found.stderr);
    assert.match(found.stderr, sentence);
  }
});

test('latents of guidance are not named without guidance, and the warning names the medium', () => {
  const configOf = (size: number[], guidance: number) =>
    parseConfig(
      {
        model: { size, patch: 1, classes: 2, latents: 9, latentDim: 8, latentHeads: 1, interfaceDim: 8, depth: [1] },
        sampling: { guidance, guidanceLatents: 5 },
      },
      'test',
    );
  assert.equal(latentsLine(configOf([4, 4], 0), 'picture'), undefined);
  assert.match(latentsLine(configOf([4, 4], 1), 'picture') ?? '', /^latents: 9 of 9, without a label at most 5;/);
  for (const [size, noun] of [
    [[4, 4], 'pictures'],
    [[2, 4, 4], 'clips'],
  ] as const) {
    const config = configOf([...size], 1);
    assert.match(latentsWarning(config, config.sampling) ?? '', new RegExp(`^latents 5 may make the ${noun} worse: `));
  }
});
