import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@rin/core';
import { mergeConfig, parseConfig } from '../../src/config/parse.js';
import { fromYaml } from '../../src/config/yaml.js';

const base = { model: { size: 8, patch: 4 } };

/** What is said of a configuration, which must be soon. */
function refusal(read: () => unknown): string {
  const began = performance.now();
  let said = '';
  assert.throws(read, (error) => {
    assert.ok(error instanceof ConfigError);
    said = error.message;
    return true;
  });
  assert.ok(performance.now() - began < 3000, `took ${performance.now() - began} ms`);
  assert.ok(said.length < 1000 && !said.includes('\n'), said.slice(0, 200));
  return said;
}

const ofConfig = (over: object) => refusal(() => parseConfig(mergeConfig(base, over), 'x')).replace(/^x: /, '');
const ofText = (text: string) => refusal(() => fromYaml(text, 'x')).replace(/^x: /, '');

test('a list of a million numbers, or of a million words, is refused soon, in one sentence', () => {
  const many = 'it holds more than 20,000 values, which no configuration needs';
  for (const value of [1, 'x']) assert.equal(ofConfig({ model: { depth: new Array(1e6).fill(value) } }), many);
  assert.equal(ofConfig({ training: Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i])) }), many);
  const words = new Array(2_000).fill('x');
  assert.match(ofConfig({ model: { depth: words } }), /^model\.depth is \["x","x",.*…; expected a list of whole/);
});

test('text that is too long or nested too deeply is refused soon', () => {
  assert.match(ofText(`depth: [${'1,'.repeat(1e6)}1]`), /^the text has 2,000,010 characters; .* at most 100,000$/);
  assert.match(ofText(`depth: [${'1,'.repeat(21_000)}1]`), /more than 20,000 values/);
  assert.match(ofText(`depth: ${'['.repeat(8_000)}${']'.repeat(8_000)}`), /nested too deeply/);
  assert.match(ofText(`depth: ${'['.repeat(40)}${']'.repeat(40)}`), /nested more than 16 levels deep/);
  const bomb = [...'abcdefgh'].map((key, i) => `${'bcdefghi'[i]}: &${'bcdefghi'[i]} [${`*${key},`.repeat(9)}]`);
  assert.match(ofText(['a: &a [x]', ...bomb].join('\n')), /alias/);
});

test('numbers that no machine could train are refused with the key, the number and the limit', () => {
  assert.equal(
    ofConfig({ model: { depth: [1, 1e9] } }),
    'model.depth has a block of 1000000000 compute layers; expected at most 1,000',
  );
  assert.equal(
    ofConfig({ model: { depth: new Array(1001).fill(1) } }),
    'model.depth has 1,001 numbers; expected at most 1,000 blocks',
  );
  assert.equal(
    ofConfig({ model: { depth: new Array(1000).fill(1000) } }),
    'model.depth has 1,000,000 compute layers in all; expected at most 10,000',
  );
  assert.equal(ofConfig({ sampling: { steps: 1e9 } }), 'sampling.steps is 1000000000; expected at most 1,000,000');
  assert.equal(
    ofConfig({ model: { size: 8192, patch: 1, channels: 1 }, training: { batch: 1 } }),
    'model.size 8192 in patches of 1 makes 67108864 interface tokens; expected at most 16,777,216',
  );
  assert.match(ofConfig({ model: { size: 1e9, patch: 1e9 } }), /^a sample of 3 x 1000000000 x 1000000000 /);
  assert.match(ofConfig({ model: { size: 1024 }, training: { batch: 1e6 } }), /^training\.batch 1000000 of samples /);
  for (const key of ['latents', 'latentDim', 'interfaceDim', 'classes', 'channels', 'convolutionKernel'])
    assert.match(
      ofConfig({ model: { [key]: 2 ** 53 - 1 } }),
      new RegExp(`^model\\.${key} is 9007199254740991; expected`),
    );
});

test('what people train is far below the limits', () => {
  const large = {
    size: 1024,
    patch: 8,
    latents: 4096,
    latentDim: 4096,
    depth: new Array(48).fill(24),
    classes: 21_841,
  };
  parseConfig({ model: large, training: { batch: 1024 }, sampling: { steps: 4000 } }, 'x');
  parseConfig({ model: { size: [128, 512, 512], patch: [4, 16, 16] }, training: { batch: 32 } }, 'x');
});
