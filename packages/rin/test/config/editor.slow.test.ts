import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { flags } from '../../src/cli/configuration/flags.js';
import { presetNames } from '../../src/training/presets.js';
import { openEditor } from './languageServer.js';

const editor = await openEditor();
after(() => editor.close());

const imports = "import { loadPreset, parseConfig, train } from 'rin';\n";
const keysOf = (section: string): string[] => [
  ...new Set(flags.flatMap(({ path }) => (path.startsWith(`${section}.`) ? path.split('.')[1] : []))),
];

test('an editor offers the names of the presets', async () => {
  const words = await editor.complete(`${imports}loadPreset('|');`);
  assert.deepEqual(words.sort(), presetNames());
});

for (const [name, before, end] of [
  ['loadPreset', "loadPreset('emoji-64', {", '});'],
  ['parseConfig', 'parseConfig({ model: { size: 8, patch: 4 },', "}, 'mine');"],
  ['parseConfig, first key', 'parseConfig({', "}, 'mine');"],
  ['train', "await train({ data: 'emoji', config: { model: { size: 8, patch: 4 },", '} });'],
] as const) {
  test(`an editor offers every section and every key in ${name}`, async () => {
    const sections = await editor.complete(`${imports}${before} | ${end}`);
    for (const each of ['name', 'seed', 'training', 'sampling']) assert.ok(sections.includes(each), String(sections));
    for (const section of ['diffusion', 'data', 'training', 'sampling']) {
      const offered = await editor.complete(`${imports}${before} ${section}: { | } ${end}`);
      assert.deepEqual(offered.sort(), keysOf(section).sort(), section);
    }
    const kinds = await editor.complete(`${imports}${before} diffusion: { schedule: { kind: '|' } } ${end}`);
    assert.deepEqual(kinds.sort(), ['cosine', 'cosine-nichol', 'linear', 'log', 'sigmoid']);
  });
}

test('the box over every key has the sentence of the help', async () => {
  for (const { path, kinds, choices, placeholder, description } of flags.filter(({ path }) => path.includes('.'))) {
    const parts = path.split('.');
    const last = `${parts.pop()}`;
    // A key next to a kind is shown where one of its kinds is written.
    const ofKind = placeholder.endsWith('{…}') ? '{}' : 'undefined';
    const value = choices ? `'${choices[0]}'` : placeholder === 'true|false' ? 'true' : ofKind;
    const inner = kinds ? `{ kind: '${kinds[0]}', ${last}|: ${value} }` : `{ ${last}|: ${value} }`;
    const changes = parts.reduceRight((text, key) => `{ ${key}: ${text} }`, inner);
    const box = await editor.hover(`${imports}loadPreset('emoji-64', ${changes});`);
    assert.ok(box.replaceAll('\\', '').includes(description), `${path}: ${box}`);
  }
});

test('the compiler refuses a preset that is not there, and a misspelt section, key or word', async () => {
  for (const [program, message] of [
    ["loadPreset('emoji64');", /"emoji64"' is not assignable .*PresetName/],
    ["loadPreset('emoji-64', { trainig: { images: '20k' } });", /'trainig' does not exist in type 'ConfigChanges'/],
    ["loadPreset('emoji-64', { training: { image: 3 } });", /'image' does not exist in type 'TrainingChanges'/],
    ["loadPreset('emoji-64', { model: { latents: 'many' } });", /'string' is not assignable to type 'number'/],
    ["parseConfig({ model: { size: 8, patch: 4 }, trainig: {} }, 'mine');", /'trainig' does not exist/],
    ["parseConfig({ model: { size: 8 } }, 'mine');", /'patch' is missing/],
    ["await train({ config: { model: { size: 8, patch: 4, latent: 3 } }, data: 'emoji' });", /'latent' does not exist/],
  ] as const) {
    const errors = await editor.errors(`${imports}${program}`);
    assert.match(errors.join('\n'), message, program);
  }
  const fine = [
    "const config = loadPreset('emoji-64', { training: { images: process.argv[2] ?? '20k', warmup: '2%' } });",
    "parseConfig(fromYaml('a: 1', 'file'), 'file');",
    "parseConfig(mergeConfig(config, { seed: 3 }), 'merged');",
    "await train({ config: { ...config, seed: 2 }, data: 'emoji' });",
  ];
  const declared = "declare const process: { argv: string[] };\nimport { fromYaml, mergeConfig } from 'rin';\n";
  assert.deepEqual(await editor.errors(`${imports}${declared}${fine.join('\n')}`), []);
});
