import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { flags } from '../src/core/config/flags.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'packages/rin/README.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? `docs/${name}` : [])),
];

test('the programs of docs/programs.md run as they stand there, in a project that has the packages installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rin-docs-'));
  after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(root, 'packages/rin/models/emoji-64.safetensors'), join(folder, 'model.safetensors'));
  const programs = [...read('docs/programs.md').matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code);
  assert.equal(programs.length, 3);
  for (const code of programs) {
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' });
    assert.equal(child.status, 0, `${code}\n${child.stderr}`);
  }
  assert.ok(readdirSync(folder).includes('four.png'));
  assert.ok(readdirSync(join(folder, 'runs/stripes')).includes('model.safetensors'));
});

for (const page of pages) {
  test(`${page}: every flag is one of the program's, and every link leads to a file`, () => {
    const text = read(page);
    const help = readdirSync(join(root, 'docs/help'))
      .map((name) => read(`docs/help/${name}`))
      .join('\n');
    const known = new Set([...help.matchAll(/--[\w.-]+/g), ...flags.map(({ flag }) => [flag])].map(([flag]) => flag));
    const commands = text.split('\n').filter((line) => /^(npm run )?rin |`rin |npm run rin -- /.test(line));
    for (const [flag] of commands.join('\n').matchAll(/--[a-z][\w.-]*/g)) assert.ok(known.has(flag), flag);
    for (const [, target] of text.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
      const path = join(root, page, '..', target);
      assert.ok(readdirSync(join(path, '..')).includes(path.split('/').at(-1) ?? ''), `${page} links to ${target}`);
    }
  });
}
