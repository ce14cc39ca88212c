import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { findSource } from '../../src/data/find.js';
import { pictureTraits } from '../../src/data/traits.js';
import { shared } from './fixtures.js';

// The sets of the table in src/data/flatness.ts, with their most frequent size.
const sets = [
  ['flowers128/flowers128.tar', false, false, '128×128'],
  ['cifar10/train.tar', false, false, '32×32'],
  ['cifar10-binary', false, false, '32×32'],
  ['mnist', true, true, '28×28'],
  ['noto-emoji-128/noto-emoji-128.tar', true, false, '128×128'],
  ['lpc-sprites-64/lpc-sprites-64.tar', true, false, '64×64'],
] as const;

for (const [set, drawn, grey, size] of sets) {
  test(`${set} is ${drawn ? 'drawn' : 'photographed'}`, async (t) => {
    const path = shared(set);
    if (!existsSync(path)) return t.skip(`no ${path}`);
    const listing = await (await findSource(path, 1, {})).list();
    const found = await pictureTraits(listing);
    listing.close();
    assert.deepEqual([found?.drawn, found?.grey, [...(found?.sizes ?? [])]], [drawn, grey, [[size, 48]]]);
  });
}

test('the built-in emoji are drawn', async () => {
  const listing = await (await findSource('emoji', 1, {})).list();
  const found = await pictureTraits(listing);
  assert.deepEqual([found?.drawn, found?.grey], [true, false]);
});
