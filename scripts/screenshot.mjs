// @ts-check
// Writes docs/images/page.png: the page of the demo's model, as Chromium shows it. `node scripts/screenshot.mjs`
// With a folder of runs it writes docs/images/studio.png instead: rin studio, with the newest two of these runs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

await setUp({ quiet: true });
const { browser: findBrowser } = await import('./browser.mjs');
const { chromium } = await import('playwright-core');
const { default: sharp } = await import('sharp');
const { exportWeb, loadModel, serve } = await import('rin');

const root = fileURLToPath(new URL('..', import.meta.url));
const found = await findBrowser();
if ('why' in found) {
  console.error(found.why);
  process.exit(1);
}
const browser = await chromium.launch({
  executablePath: found.path,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});

/** @param {string} name of the picture @param {Uint8Array} picture */
async function write(name, picture) {
  const path = join(root, 'docs/images', name);
  writeFileSync(path, await sharp(picture).png({ palette: true, effort: 10 }).toBuffer());
  console.log(path);
}

async function page() {
  const folder = mkdtempSync(join(tmpdir(), 'rin-page-'));
  await exportWeb(await loadModel(join(root, 'packages/rin/models/emoji-64.safetensors')), folder);
  const serving = await serve(folder, { port: 0 });
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
    await page.goto(serving.url);
    const drawn = () => page.getByText(/^Drawn in /).waitFor({ timeout: 120_000 });
    await drawn();
    await page.locator('#seed').fill('28');
    await page.getByRole('radio', { name: '9', exact: true }).check();
    await drawn();
    await write('page.png', await page.screenshot());
  } finally {
    await serving[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} runs */
async function studio(runs) {
  const program = join(root, 'packages/rin/bin/rin.js');
  const child = spawn(process.execPath, [program, 'studio', '--runs', runs, '--port', '0']);
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 1000 } });
    const url = await new Promise((resolve) => {
      child.stdout.on('data', (text) => /http:/.test(text) && resolve(/http:\S+/.exec(text)?.[0]));
    });
    await page.goto(url);
    await page.locator('#runs a').first().waitFor();
    const names = await page.locator('#runs a').allTextContents();
    if (names.length > 1) await page.getByLabel('Compare with').selectOption(names[1]);
    await page.locator('#grid-list img').nth(1).waitFor();
    await page.locator('#draw').click();
    await page.getByText(/^Drawn in /).waitFor({ timeout: 120_000 });
    await write(
      'studio.png',
      await sharp(await page.screenshot({ fullPage: true }))
        .resize(900)
        .toBuffer(),
    );
  } finally {
    child.kill('SIGINT');
  }
}

const [runs] = process.argv.slice(2);
try {
  await (runs === undefined ? page() : studio(runs));
} finally {
  await browser.close();
}
