// @ts-check
// Writes docs/images/page.png: the page of the demo's model, as Chromium shows it. `node scripts/screenshot.mjs`
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
const folder = mkdtempSync(join(tmpdir(), 'rin-page-'));
await exportWeb(await loadModel(join(root, 'packages/rin/models/emoji-64.safetensors')), folder);
const serving = await serve(folder, { port: 0 });
const browser = await chromium.launch({
  executablePath: found.path,
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
  await page.goto(serving.url);
  const drawn = () => page.getByText(/^Drawn in /).waitFor({ timeout: 120_000 });
  await drawn();
  await page.locator('#seed').fill('28');
  await page.getByRole('radio', { name: '9', exact: true }).check();
  await drawn();
  const picture = await page.screenshot();
  const path = join(root, 'docs/images/page.png');
  writeFileSync(path, await sharp(picture).png({ palette: true, effort: 10 }).toBuffer());
  console.log(path);
} finally {
  await browser.close();
  await serving[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
}
