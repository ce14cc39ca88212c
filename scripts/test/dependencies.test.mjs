// @ts-check
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/**
 * What each package may need when it runs. A new dependency is a decision: it goes here together with its reason in the commit.
 * @type {Record<string, Record<string, string>>}
 */
const allowed = {
  '@rin/core': {},
  '@rin/web': { '@rin/core': '0.1.0', 'onnxruntime-web': '1.30.0' },
  '@rin/torch': { 'node-api-headers': '1.9.0' },
  rin: {
    '@rin/core': '0.1.0',
    '@rin/torch': '0.1.0',
    '@rin/web': '0.1.0',
    '@twemoji/svg': '15.0.0',
    'd3-scale': '4.0.3',
    'fastest-levenshtein': '1.0.16',
    fflate: '0.8.3',
    'onnxruntime-web': '1.30.0',
    sharp: '0.35.5',
    yaml: '2.9.1',
    zod: '4.6.7',
  },
};

const root = new URL('../../', import.meta.url);
/** @param {string} path */
const manifest = (path) => JSON.parse(readFileSync(new URL(`${path}/package.json`, root), 'utf8'));
const packages = readdirSync(new URL('packages', root)).map((name) => manifest(`packages/${name}`));

test('each package needs what is allowed here when it runs, in exact versions, and nothing else', () => {
  assert.deepEqual(packages.map(({ name }) => name).sort(), Object.keys(allowed).sort());
  for (const { name, dependencies = {}, peerDependencies, optionalDependencies, bundleDependencies } of packages) {
    assert.deepEqual(dependencies, allowed[name], name);
    assert.deepEqual(
      [peerDependencies, optionalDependencies, bundleDependencies],
      [undefined, undefined, undefined],
      name,
    );
  }
});

test('every pin is exact, those of the tools too; packages of this repository are pinned to their version', () => {
  const versions = Object.fromEntries(packages.map(({ name, version }) => [name, version]));
  for (const { name, dependencies = {}, devDependencies = {} } of [...packages, manifest('.')]) {
    for (const [needed, pin] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.match(String(pin), /^\d+\.\d+\.\d+$/, `${name} needs ${needed} ${pin}`);
      if (needed in versions) assert.equal(pin, versions[needed], `${name} needs ${needed}`);
    }
  }
});
