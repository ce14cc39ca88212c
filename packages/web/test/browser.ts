import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { after } from 'node:test';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Model, parseConfig, RIN } from 'rin';

const root = new URL('../../../../', import.meta.url);

const { browser: findBrowser } = (await import(new URL('scripts/browser.mjs', root).href)) as {
  browser(): Promise<{ path: string } | { why: string }>;
};
const found = await findBrowser();

/** Options of tests that need a browser. */
export const needsBrowser = { skip: 'why' in found && found.why };

let browser: Browser | undefined;
/** What ends with the file: a hook inside a test would end with the test. */
const ends: (() => void)[] = [];
after(async () => {
  await browser?.close();
  for (const end of ends) end();
});

/** What a page did that it should not do. */
export interface Watched {
  readonly page: Page;
  /** addresses of all requests */
  readonly requests: string[];
  /** errors on its console */
  readonly errors: string[];
}

/** A new page of the browser, without anything in its cache. It is closed with the browser. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Watched> {
  browser ??= await chromium.launch({
    ...('path' in found && { executablePath: found.path }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], // Chromium refuses its sandbox to root
  });
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(60_000);
  const [requests, errors]: [string[], string[]] = [[], []];
  page.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  return { page, requests, errors };
}

/** Waits until the page has drawn. Fails if it reports a problem. */
export async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector('#status')?.textContent?.startsWith('Drawn') ||
      document.querySelector<HTMLElement>('#problem')?.hidden === false,
  );
  assert.equal(await page.locator('#problem').isHidden(), true, (await page.locator('#problem').textContent()) ?? '');
}

/** Draws with the button, once what runs is drawn. */
export async function draw(page: Page): Promise<void> {
  await page.locator('#draw', { hasText: 'Draw' }).click();
  await drawn(page);
}

/** Sets a control as a user does, also a slider. */
export const set = (page: Page, id: string, value: string): Promise<void> => page.locator(`#${id}`).fill(value);

/** The pixels of a sample on the page, planar [3, H, W] like those of rin. */
export const pixels = (page: Page, index = 0): Promise<number[]> =>
  page.evaluate((at) => {
    const canvas = document.querySelectorAll<HTMLCanvasElement>('.tile canvas:first-child')[at];
    const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return [0, 1, 2].flatMap((channel) => Array.from(data).filter((_, i) => i % 4 === channel));
  }, index);

/** What stands beside a term under "Measured here". */
export const fact = (page: Page, term: string): Promise<string | null> =>
  page.locator('dt', { hasText: term }).first().locator('xpath=following-sibling::dd[1]').textContent();

/** The largest difference of two lists of numbers of one length. */
export function apart(one: ArrayLike<number>, other: ArrayLike<number>): number {
  assert.equal(one.length, other.length);
  return Array.from(one).reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails if axe-core finds a barrier on the page. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const barriers = await page.evaluate(async () => {
    const tester = Reflect.get(globalThis, 'axe') as {
      run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
    };
    const { violations } = await tester.run();
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}\n${node.failureSummary}`));
  });
  assert.deepEqual(barriers, []);
}

/** Types that a simple static host knows. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
};

/** A static host in the simplest form: it knows few types and sends no other header. @returns its address */
export function plainHost(folder: string): Promise<string> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, url.endsWith('/') ? `${url}index.html` : url);
    try {
      const bytes = readFileSync(path);
      response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
    });
  });
}

/** A folder that is removed at the end. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rin-web-'));
  ends.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** An untrained model that draws within milliseconds. */
export function smallModel(over: object = {}): Model {
  const model = {
    ...{ size: 16, patch: 4, classes: 2, latents: 8, latentDim: 16, latentHeads: 2, interfaceDim: 16 },
    ...{ readWriteHeads: 2, depth: [1, 1], ...over },
  };
  const config = parseConfig({ name: 'small', model, sampling: { steps: 4 } }, 'small');
  return { config, classes: ['cat', 'dog'], meanSquare: 0.3, network: new RIN(config.model, { seed: 1 }) };
}
