import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { exportWeb } from 'rin';
import { needsBrowser, newPage, plainHost, smallModel, temporary } from './browser.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The program in a page, or in the comment at the top of the index. */
const programs = {
  'packages/web/README.md': /```ts\n(.*?)```/s.exec(read('packages/web/README.md'))?.[1],
  'docs/web.md': /```ts\n(.*?)```/s.exec(read('docs/web.md'))?.[1],
  'packages/web/src/index.ts': read('packages/web/src/index.ts')
    .match(/^ \* {5}(.*)$/gm)
    ?.map((line) => line.slice(7))
    .join('\n'),
};

test('the programs of the docs draw, as a bundler puts them into a page', needsBrowser, async () => {
  const folder = temporary();
  for (const name of ['out', 'page']) await exportWeb(smallModel(), join(folder, name));
  copyFileSync(join(root, 'packages/web/dist/page/worker.js'), join(folder, 'worker.js'));
  writeFileSync(
    join(folder, 'index.html'),
    '<canvas width="16" height="16"></canvas><script type="module" src="program.js"></script>',
  );
  const host = await plainHost(folder);
  for (const [name, program = ''] of Object.entries(programs)) {
    assert.match(program, /await load\(/, name);
    await build({
      stdin: { contents: `${program}\ndocument.title = 'drawn';`, resolveDir: root, loader: 'ts' },
      ...{ outfile: join(folder, 'program.js'), bundle: true, format: 'esm', logLevel: 'error' },
    });
    const { page, errors } = await newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(host);
    await page.waitForFunction(() => document.title === 'drawn');
    const steps = said.filter((text) => /\b4\b|Array|\[/.test(text));
    if (name === 'docs/web.md') {
      const painted = await page.evaluate(() => {
        const { data } = document.querySelector('canvas')?.getContext('2d')?.getImageData(0, 0, 16, 16) ?? { data: [] };
        return new Set(data).size;
      });
      assert.ok(painted > 10, `${painted} different values on the canvas`);
    } else assert.ok(steps.length >= 4, `${name} said: ${said.join('; ')}`);
    assert.deepEqual(
      errors.filter((text) => !text.includes('favicon') && !text.includes('404')),
      [],
      name,
    );
  }
});
