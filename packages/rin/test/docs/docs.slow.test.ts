import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { flags } from '../../src/cli/configuration/flags.js';
import { rin } from '../cli/rin.js';
import { cases } from './commands.js';
import { commandsOf, pages, read, root } from './pages.js';
import { workplace } from './workplace.js';

const testFiles = [
  'packages/torch/test',
  'packages/core/test',
  'packages/web/test',
  'packages/rin/test',
  'scripts/test',
].flatMap((folder) =>
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
    const [, ...args] = `${command} ${each.run}`.trim().replaceAll("'", '').split(' ');
    await t.test([command, each.run].join('  ').trim(), async () => {
      const { code, stdout, stderr } = await rin(args, { cwd });
      assert.equal(code, 0, `${stdout}\n${stderr}`);
    });
  }
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
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const path = target === '' ? join(root, page) : join(root, page, '..', target);
      assert.ok(existsSync(path), `${page} links to ${target}`);
      if (anchor !== undefined) assert.ok(anchors(path).includes(anchor), `${target} has no heading #${anchor}`);
    }
  });
}

/** What GitHub makes of the headings of a page. */
const anchors = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
