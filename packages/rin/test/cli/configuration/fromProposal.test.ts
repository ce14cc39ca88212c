import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { command } from '../../../src/cli/commands/train.js';
import { fromData } from '../../../src/cli/configuration/fromData.js';
import { enlargedLine, fromProposal, proposalLines } from '../../../src/cli/configuration/fromProposal.js';
import { readLayers, resolveConfig } from '../../../src/cli/configuration/layers.js';
import { parseArguments } from '../../../src/cli/terminal/arguments.js';
import { folderOf } from '../../data/fixtures.js';
import { flat, folder, noisy } from '../../data/madePictures.js';

const pictures = (count: number, make: (seed: number) => Promise<Buffer>) => folder(count, make).then(folderOf);

/** The configuration of a command line, and what is said of it. */
async function chosen(...args: string[]) {
  const said: string[] = [];
  const { signal } = new AbortController();
  const given = parseArguments(command, args);
  const proposal = await fromProposal(given, signal);
  const layers = readLayers(given, proposal?.proposed?.layer);
  const { layer, source } = await fromData(layers, () => {}, signal, proposal?.source);
  const config = resolveConfig(layer ? [...layers, layer] : layers);
  if (proposal) said.push(...proposalLines(proposal, config));
  const enlarged = source && (await enlargedLine(source, config, signal, proposal?.proposed?.facts));
  if (enlarged !== undefined) said.push(enlarged);
  return { config, said };
}

test('a command without a preset gets what fits the pictures, and says what and why', async () => {
  const digits = await pictures(4, (seed) => flat(28, 28, seed, 1));
  const { config, said } = await chosen('--data', digits);
  assert.deepEqual([config.name, config.model.size, config.model.channels, config.model.classes], ['rin', 28, 1, 2]);
  assert.deepEqual(said, [
    `${basename(digits)}: 4 grey drawings of 28 pixels in 2 classes, so the preset is mnist`,
    'size 28×28, the size of the pictures; patch 4×4; 20,000 images, each picture about 5,000 times',
    '--preset, --size and --images choose otherwise; "rin data info" says what to expect',
  ]);
  const tiles = await chosen('--data', await pictures(4, (seed) => flat(32, 32, seed)));
  assert.match(tiles.said[0], /: 4 drawn pictures of 32 pixels in 2 classes, so the preset is sprites-32$/);
  const photographs = await chosen('--data', await pictures(4, (seed) => noisy(64, 80, seed)));
  assert.match(photographs.said[0], /: 4 photographs of 64 pixels in 2 classes, so the preset is photos-64$/);
  assert.deepEqual([photographs.config.model.size, photographs.config.model.channels], [64, 3]);
});

test('flags win over the proposal, and the lines tell what is trained', async () => {
  const tiles = await pictures(4, (seed) => flat(32, 32, seed));
  const { config, said } = await chosen('--data', tiles, '--size', '16', '--images', '10k', '--model.channels', '1');
  assert.deepEqual([config.model.size, config.training.images, config.model.channels], [16, 10_000, 1]);
  assert.equal(said[1], 'size 16×16, the given size; patch 4×4; 10,000 images, each picture about 2,500 times');
  assert.equal(said.length, 3);
  const larger = await chosen('--data', tiles, '--size', '64');
  assert.match(larger.said[0], /, so the preset is emoji-64$/);
  assert.equal(
    larger.said[3],
    '4 of 4 pictures that were looked at are smaller than 64×64, most often 32×32: training enlarges them; --size 32 trains at their own size',
  );
  await assert.rejects(chosen('--data', tiles, '--size', 'big'), /^UsageError: command line: model\.size is "big"; /);
});

test('a preset, a file or no data leave the proposal out; enlarged pictures are counted all the same', async () => {
  const tiles = await pictures(4, (seed) => flat(32, 32, seed));
  const { config, said } = await chosen('--data', tiles, '--preset', 'emoji-64');
  assert.deepEqual([config.model.size, config.model.patch], [64, 8]);
  assert.equal(said.length, 1);
  assert.match(said[0], /^4 of 4 pictures .* are smaller than 64×64, /);
  const file = join(await folderOf({ 'my.yaml': 'model: { size: 32, patch: 8 }\n' }), 'my.yaml');
  const own = await chosen('--data', tiles, '--config', file);
  assert.deepEqual([own.config.model.patch, own.config.model.classes, own.said], [8, 2, []]);
  const demo = await chosen('--data', 'emoji');
  assert.deepEqual(demo.config, (await chosen()).config, 'the demo gets its own preset');
});
