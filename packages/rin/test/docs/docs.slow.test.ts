import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { flags } from '../../src/cli/configuration/flags.js';
import { rin } from '../cli/rin.js';
import { cases } from './commands.js';
import { commandsOf, pages, read, root } from './pages.js';
import { workplace } from './workplace.js';

const testFiles = ['packages/torch/test', 'packages/rin/test', 'scripts/test'].flatMap((folder) =>
  (readdirSync(join(root, folder), { recursive: true }) as string[]).flatMap((name) =>
    /\.test\.m?[jt]s$/.test(name) ? `${folder}/${name}` : [],
  ),
);

/** `npm run rin --` and `npx rin` are ways to say `rin`. */
const plain = (command: string): string => command.replace(/^(npm run rin --|npx rin)(?= )/, 'rin');

test('every command of the docs is run by a test, or is not for a reason', () => {
  const found = pages.flatMap((page) => commandsOf(page).map((command) => ({ page, command: plain(command) })));
  for (const { page, command } of found) {
    const [, filters] = /^npm test -- (.+)$/.exec(command) ?? [];
    if (filters) {
      for (const filter of filters.split(' '))
        assert.ok(
          testFiles.some((path) => path.includes(filter)),
          `${page}: no test file has "${filter}" in its path`,
        );
      continue;
    }
    assert.ok(
      command in cases,
      `${page}: "${command}" is not in packages/rin/test/docs/commands.ts; add it: { run: 'flags that make it short' }, ` +
        "{ tested: 'the test that runs it' } or { not: 'why no test can' }",
    );
  }
  for (const [command, each] of Object.entries(cases)) {
    assert.ok(
      found.some((one) => one.command === command),
      `"${command}" is in no page any more: take it out of docs/commands.ts`,
    );
    if ('tested' in each) assert.ok(existsSync(join(root, each.tested)), `${command}: ${each.tested}`);
  }
});

test('the commands of rin in the docs do what they say', async (t) => {
  const cwd = await workplace();
  for (const [command, each] of Object.entries(cases)) {
    if (!('run' in each)) continue;
    const [, ...args] = `${command} ${each.run}`.trim().split(' ');
    await t.test([command, each.run].join('  ').trim(), async () => {
      const { code, stdout, stderr } = await rin(args, { cwd });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
});

/** Of the program in the README of the package: sixteen pictures instead of 20,000. */
const shortened = (code: string): string => code.replace("{ images: '20k' }", '{ images: 16, warmup: 8 }');

test('the programs of the docs run as they stand there, in a project that has the packages installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rin-docs-'));
  after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  copyFileSync(join(root, 'packages/rin/models/emoji-64.safetensors'), join(folder, 'model.safetensors'));
  const text = read('docs/programs.md') + read('packages/rin/README.md');
  const programs = [...text.matchAll(/^```[jt]s\n(.*?)^```/gms)].map(([, code]) => shortened(code));
  assert.equal(programs.length, 4);
  for (const code of programs) {
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' });
    assert.equal(child.status, 0, `${code}\n${child.stderr}`);
  }
  for (const picture of ['four.png', 'cat.png']) assert.ok(readdirSync(folder).includes(picture));
  assert.ok(readdirSync(join(folder, 'runs/stripes')).includes('model.safetensors'));
});

for (const page of pages) {
  test(`${page}: every flag is one of the program's, and every link leads to a file`, () => {
    const text = read(page);
    const help = readdirSync(join(root, 'docs/help'))
      .map((name) => read(`docs/help/${name}`))
      .join('\n');
    const known = new Set([...help.matchAll(/--[\w.-]+/g), ...flags.map(({ flag }) => [flag])].map(([flag]) => flag));
    const commands = text.split('\n').filter((line) => /^(npx )?rin |`(npx )?rin |npm run rin -- /.test(line));
    for (const [flag] of commands.join('\n').matchAll(/--[a-z][\w.-]*/g)) assert.ok(known.has(flag), flag);
    for (const [, target] of text.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)) {
      const path = join(root, page, '..', target);
      assert.ok(readdirSync(join(path, '..')).includes(path.split('/').at(-1) ?? ''), `${page} links to ${target}`);
    }
  });
}
