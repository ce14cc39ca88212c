import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { loadModel, mergeConfig, parseConfig, sample, train } from 'rin';
import { apart, assertAccessible, needsBrowser, newPage, pixels, set, temporary, type Watched } from './browser.js';

const folder = temporary();
const [one, two] = ['00000-small', '00001-other'];
const at = (run: string, file = ''): string => join(folder, run, file);
const program = new URL('../../../rin/bin/rin.js', import.meta.url).pathname;

const config = (over: object = {}) =>
  parseConfig(
    mergeConfig(
      {
        name: 'small',
        model: {
          ...{ size: 16, patch: 4, channels: 3, classes: 2, latents: 8, latentDim: 16, latentHeads: 2 },
          ...{ interfaceDim: 16, readWriteHeads: 2, depth: [1, 1] },
        },
        training: {
          ...{ images: 96, batch: 8, warmup: 16, device: 'cpu', precision: 'float32', threads: 1 },
          ...{ logEvery: 16, sampleEvery: 48, checkpointEvery: 48 },
        },
        sampling: { steps: 2 },
      },
      over,
    ),
    'small',
  );

/** Pictures in two colours, one for each class. */
const data = Array.from({ length: 12 }, (_, i) => ({
  pixels: Uint8Array.from({ length: 768 }, (_, j) => (j < 256 === (i % 2 === 0) ? 255 : 20 * i)),
  label: i % 2,
}));

let studio: ChildProcess | undefined;
after(() => studio?.kill('SIGINT'));
let url = '';
let opened: Watched;

before(async () => {
  if (needsBrowser.skip) return;
  await train({ config: config(), data, run: at(one) });
  cpSync(at(one), at(two), { recursive: true });
  const text = readFileSync(at(two, 'config.yaml'), 'utf8');
  writeFileSync(at(two, 'config.yaml'), text.replace('warmup: 16', 'warmup: 24'));
  const child = spawn(process.execPath, [program, 'studio', '--runs', folder, '--port', '0', '--threads', '1']);
  studio = child;
  url = await new Promise((resolve) => {
    child.stdout.on('data', (text) => {
      const found = /http:\S+/.exec(String(text));
      if (found) resolve(found[0]);
    });
  });
  opened = await newPage({ viewport: { width: 1200, height: 900 } });
  await opened.page.goto(`${url}#run=${one}`);
  await opened.page.locator('#name', { hasText: one }).waitFor();
});

/** What a chart tells readers of screens. */
const told = async (page: Page, title: string): Promise<string> =>
  (await page.locator('.chart', { hasText: title }).first().locator('[role=img]').getAttribute('aria-label')) ?? '';

test('the page lists the runs, and a curve grows while a line is written', needsBrowser, async () => {
  const { page } = opened;
  const rows = await page.locator('#runs tr').allTextContents();
  assert.deepEqual([rows.length, /^00001-otherfinishedsmall96 of 96/.test(rows[0])], [2, true], rows[0]);
  assert.equal(await page.locator('#runs a[aria-current]').textContent(), one);
  assert.match(await told(page, 'Loss'), /^Loss\. in training: \S+ at 16 images, \S+ at 96\.$/);
  const drawn = () =>
    page
      .locator('.chart canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const before = await drawn();
  const line = { images: 60, updates: 13, loss: 0.125, gradientNorm: 1, learningRate: 0.01 };
  const [kept] = [readFileSync(at(one, 'stats.jsonl'), 'utf8').split('\n').slice(0, 3).join('\n')];
  writeFileSync(at(one, 'stats.jsonl'), `${kept}\n`); // as a resumed run does
  await page.waitForFunction(() => document.querySelector('.chart [role=img]')?.ariaLabel?.endsWith(' at 48.'));
  appendFileSync(at(one, 'stats.jsonl'), `${JSON.stringify(line)}\n`);
  await page.waitForFunction(() => document.querySelector('.chart [role=img]')?.ariaLabel?.endsWith('0.125 at 60.'));
  assert.notEqual(await drawn(), before);
});

test('the slider goes through the previews, and a new one is followed', needsBrowser, async () => {
  const { page } = opened;
  const first = page.locator('#grid-list figure').first();
  assert.equal(await page.locator('#time-value').textContent(), '96');
  assert.equal(await first.locator('figcaption').textContent(), 'pictures drawn after 96 images');
  await page.locator('#time').press('ArrowLeft');
  assert.equal(await page.locator('#time-value').textContent(), '48');
  const image = first.locator('img');
  assert.match((await image.getAttribute('src')) ?? '', /fakes-000000\.048k\.png$/);
  await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('#grid-list img')?.naturalWidth ?? 0) > 0);
  cpSync(at(one, 'fakes-000000.048k.png'), at(one, 'fakes-000000.064k.png'));
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#time')?.max === '2');
  assert.equal(await page.locator('#time-value').textContent(), '48', 'a slider that is not at its end stays');
  await page.locator('#time').press('End');
  cpSync(at(one, 'fakes-000000.048k.png'), at(one, 'fakes-000000.128k.png'));
  await page.waitForFunction(() => document.querySelector('#time-value')?.textContent === '128');
});

test('the page draws the picture of a seed, shows where it looks, and stops', needsBrowser, async () => {
  const { page } = opened;
  await page.getByLabel('Weights').selectOption('checkpoint-000000.096k/average');
  await page.getByLabel('Sampler').selectOption('heun');
  await set(page, 'steps', '5');
  await set(page, 'seed', '7');
  await page.getByRole('radio', { name: '1', exact: true }).last().check();
  const button = page.locator('#draw');
  const isDrawn = () =>
    page.waitForFunction(
      () =>
        document.querySelector('#draw')?.textContent === 'Draw' &&
        document.querySelector('#status')?.textContent?.startsWith('Drawn'),
    );
  await button.click();
  await isDrawn();
  const shown = await pixels(page);
  const model = await loadModel(at(one));
  const [{ data: expected }] = await sample(model, { seeds: [7], steps: 5, sampler: 'heun' });
  assert.equal(apart(shown, expected), 0, 'libtorch draws both');
  await page.getByLabel('Show where it looks').check();
  await isDrawn();
  await page.locator('.tile canvas.over:not([hidden])').waitFor();
  assert.equal(apart(await pixels(page), expected), 0, 'looking changes nothing');

  await set(page, 'steps', '250');
  await button.click();
  await page.waitForFunction(() => /^Step \d+ of 250$/.test(document.querySelector('#step')?.textContent ?? ''));
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelector('#status')?.textContent === 'Stopped');
  await set(page, 'steps', '3');
  await button.click();
  await isDrawn();
  assert.equal(await page.locator('#step').textContent(), 'Step 3 of 3');
});

test('two runs are compared: curves, differences, previews', needsBrowser, async () => {
  const { page } = opened;
  await page.getByLabel('Compare with').selectOption(two);
  await page.locator('#differences-table tbody tr').first().waitFor();
  assert.deepEqual(await page.locator('#differences-table tbody tr').allTextContents(), ['training.warmup1624']);
  await page.waitForFunction(() => document.querySelectorAll('#grid-list figure').length === 2);
  assert.match(await told(page, 'Loss'), /00000-small, in training: .*00001-other, in training: .* at 96\.$/);
  assert.match(page.url(), /#run=00000-small&with=00001-other$/);
  await page.goBack();
  await page.waitForFunction(() => document.querySelector<HTMLElement>('#differences')?.hidden);
});

test('an address without a run follows the newest run, also one that begins later', needsBrowser, async () => {
  const { page } = await newPage();
  await page.goto(url);
  await page.locator('#name', { hasText: two }).waitFor();
  cpSync(at(one), at('00002-later'), { recursive: true });
  await page.locator('#name', { hasText: '00002-later' }).waitFor();
  rmSync(at('00002-later'), { recursive: true });
  await page.locator('#name', { hasText: two }).waitFor();
});

test('it has no barrier, fits a phone, asks no other host, and says what is gone', needsBrowser, async () => {
  const { page, requests, errors } = opened;
  await page.getByLabel('Compare with').selectOption(two);
  await page.locator('#differences-table tbody tr').first().waitFor();
  await assertAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await assertAccessible(page);
  await page.setViewportSize({ width: 360, height: 700 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wide, 0, 'nothing is wider than a phone');
  const foreign = requests.filter((address) => !address.startsWith(url) && !/^(data|blob):/.test(address));
  assert.deepEqual([foreign, errors], [[], []]);
  rmSync(at(two), { recursive: true });
  await page.waitForFunction(() => document.querySelectorAll('#runs tr').length === 1);
  await page.locator('#problem', { hasText: '00001-other: there is no such run in ' }).waitFor();
  assert.equal(await page.locator('#name').textContent(), one, 'the other run stays');
});
