import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { flags } from '../../../src/cli/configuration/flags.js';
import { rin } from '../rin.js';

const root = new URL('../../../../../../', import.meta.url);
const kept = (name: string) => readFileSync(new URL(`docs/help/${name}.txt`, root), 'utf8');

for (const [name, args] of [
  ['rin', []],
  ['train', ['train']],
  ['sample', ['sample']],
  ['evaluate', ['evaluate']],
  ['data', ['data']],
  ['inspect', ['inspect']],
  ['export', ['export']],
  ['runs', ['runs']],
  ['demo', ['demo']],
  ['launch', ['launch']],
  ['doctor', ['doctor']],
  ['setup', ['setup']],
] as const) {
  test(`docs/help/${name}.txt is what the program says`, async () => {
    const { code, stdout, stderr } = await rin([...args, '--help']);
    assert.deepEqual([code, stderr], [0, '']);
    const mend = `node packages/rin/bin/rin.js ${[...args, '--help'].join(' ')} > docs/help/${name}.txt`;
    assert.equal(stdout, kept(name), `write it anew: ${mend}`);
  });
}

test('the help of train has every key of the configuration in a line of its own, with default and range', () => {
  const lines = kept('train').split('\n');
  for (const { flag, description, default: standard, range, kinds } of flags) {
    const [line, ...others] = lines.filter((each) => new RegExp(`(^|, | )${flag} `).test(each.split('  ')[1]));
    assert.deepEqual(others, [], flag);
    assert.ok(line.includes(description), flag);
    if (standard !== undefined) assert.ok(line.includes(`[default: ${standard}]`), flag);
    if (kinds !== undefined) assert.ok(line.includes(`[of ${kinds.join(', ')}]`), flag);
    if (range !== undefined) assert.ok(line.includes(`[${range}]`), flag);
  }
});

test('help and version are to be had in every way that people try', async () => {
  const { version } = JSON.parse(readFileSync(new URL('packages/rin/package.json', root), 'utf8')) as {
    version: string;
  };
  assert.equal((await rin(['--version'])).stdout, `${version}\n`);
  assert.equal((await rin([])).stdout, kept('rin'));
  assert.equal((await rin(['help', 'train'])).stdout, kept('train'));
  assert.equal((await rin(['sample', 'x', '--seeds', '0', '-h'])).stdout, kept('sample'));
});
