import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { exportWeb, loadModel, type Model, sample, serve } from 'rin';
import sharp from 'sharp';
import {
  apart,
  assertAccessible,
  draw,
  drawn,
  fact,
  needsBrowser,
  newPage,
  pixels,
  plainHost,
  set,
  smallModel,
  temporary,
  type Watched,
} from './browser.js';

const demo = new URL('../../../rin/models/emoji-64.safetensors', import.meta.url).pathname;
const [demoFolder, folder] = [temporary(), temporary()];
const small = smallModel();
let host = '';

/** The page of the small model, opened once for the tests that leave it as it was: an engine takes seconds to start. */
let opened: Watched;

before(async () => {
  if (needsBrowser.skip) return;
  await exportWeb(small, folder);
  host = await plainHost(folder);
  opened = await newPage({ viewport: { width: 1200, height: 800 } });
  await opened.page.goto(host);
  await drawn(opened.page);
});

/** Fails unless the page shows what rin draws: no byte differs by more than 1. */
async function assertShown(
  shown: readonly number[],
  model: Model,
  options: Parameters<typeof sample>[1],
): Promise<void> {
  const [{ data }] = await sample(model, options);
  assert.ok(apart(shown, data) <= 1, `a byte differs by ${apart(shown, data)}`);
}

test(
  'the page of the demo draws the pictures of rin sample, saves them, and asks no other host',
  needsBrowser,
  async () => {
    const model = await loadModel(demo);
    await exportWeb(model, demoFolder);
    await using serving = await serve(demoFolder, { port: 0 });
    const { page, requests, errors } = await newPage();
    await page.goto(serving.url);
    await drawn(page);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true, 'serve lets a page use threads');
    await set(page, 'steps', '6');
    await set(page, 'guidance', '1.5');
    await page.getByLabel('Sampler').selectOption('heun');
    await set(page, 'seed', '40');
    await page.getByRole('radio', { name: '1', exact: true }).check();
    await page.getByRole('radio', { name: 'cat' }).check();
    await drawn(page);
    const shown = await pixels(page);
    await assertShown(shown, model, { seeds: [40], classes: ['cat'], steps: 6, guidance: 1.5, sampler: 'heun' });
    assert.equal(await page.locator('.tile canvas').first().getAttribute('aria-label'), 'cat, seed 40');

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download').click()]);
    assert.equal(download.suggestedFilename(), 'emoji-64-40.png');
    const saved = await sharp(await download.path())
      .raw()
      .toBuffer();
    const planar = [0, 1, 2].flatMap((channel) => Array.from(saved).filter((_, i) => i % 3 === channel));
    assert.equal(apart(planar, shown), 0, 'the saved picture is the one that is shown');

    assert.match((await fact(page, 'Self-check')) ?? '', /^differs from libtorch by \de-[5-9]/);
    const foreign = requests.filter(
      (url) => !url.startsWith(serving.url) && !url.startsWith('data:') && !url.startsWith('blob:'),
    );
    assert.deepEqual([foreign, errors], [[], []]);
  },
);

test(
  'any static host will do; a drawing stops at once, by button and by Escape, and another begins',
  needsBrowser,
  async () => {
    const { page, requests, errors } = opened;
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    const steps = () => page.locator('#step').textContent();
    await page.getByRole('radio', { name: '1', exact: true }).check();
    for (const way of ['button', 'Escape']) {
      await drawn(page);
      await set(page, 'steps', '250');
      // In the page itself, because 250 steps take less than some messages to a browser.
      const stopped = page.evaluate(async (by) => {
        const draw = document.getElementById('draw');
        while (!/^Step \d+ of 250$/.test(document.getElementById('step')?.textContent ?? ''))
          await new Promise((resolve) => setTimeout(resolve, 1));
        if (by === 'button') draw?.click();
        else document.body.dispatchEvent(new KeyboardEvent('keydown', { key: by, bubbles: true }));
      }, way);
      await page.locator('#seed').press('Enter'); // the keyboard draws too
      await stopped;
      await page.waitForFunction(() => document.querySelector('#status')?.textContent === 'Stopped');
      assert.notEqual(await steps(), 'Step 250 of 250');
      await set(page, 'steps', '3');
      await draw(page);
      assert.equal(await steps(), 'Step 3 of 3');
    }
    await assertShown(await pixels(page), small, { seeds: [0], steps: 3 });
    assert.deepEqual([requests.filter((url) => !/^(blob|data):/.test(url) && !url.startsWith(host)), errors], [[], []]);
  },
);

test('where it looks is switched on and off while it draws', needsBrowser, async () => {
  const { page } = opened;
  await page.getByRole('radio', { name: '16', exact: true }).check();
  await drawn(page);
  await set(page, 'steps', '250');
  // In the page itself, because 250 steps take less than some messages to a browser.
  const seen = await page.evaluate(async () => {
    const [draw, reads] = ['draw', 'reads'].map((id) => document.getElementById(id));
    const over = () => document.querySelector<HTMLElement>('.tile canvas.over')?.hidden === false;
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const before = over();
    draw?.click();
    await until(() => /^Step [3-9] /.test(document.getElementById('step')?.textContent ?? ''));
    reads?.click();
    await until(over);
    const during = draw?.textContent;
    reads?.click();
    await until(() => !over());
    return { before, during, after: draw?.textContent };
  });
  assert.deepEqual(seen, { before: false, during: 'Stop', after: 'Stop' });
});

/** A browser that says that it has WebGPU. */
const withGpu = () => Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => ({}) } });

/** An engine in place of that of WebGPU. It is right for `passes` passes, and then `ends`. */
const engine = (passes: number, ends: string): string => `
  import * as ort from './ort.wasm.bundle.min.js';
  ort.env.wasm.wasmPaths = { wasm: new URL('./ort-wasm-simd-threaded.wasm', import.meta.url).href };
  export const Tensor = ort.Tensor;
  export const env = { wasm: {}, webgpu: {} };
  let passes = 0;
  export const InferenceSession = {
    async create(graph) {
      const session = await ort.InferenceSession.create(graph, { executionProviders: ['wasm'] });
      return {
        async run(feeds, names) {
          const found = await session.run(feeds, names);
          if (++passes > ${passes}) { ${ends} }
          return found;
        },
      };
    },
  };`;

for (const [what, passes, ends, said] of [
  [
    'that computes wrong numbers',
    0,
    'found.prediction.data.fill(0);',
    /^WebGPU computes wrong numbers: the self-check /,
  ],
  ['that is lost while it draws', 4, "throw new Error('the device was lost');", /^WebGPU failed: the device was lost/],
] as const) {
  test(`an engine ${what} is replaced by the next one, which draws the same picture`, needsBrowser, async () => {
    const { page } = await newPage();
    await page.addInitScript(withGpu);
    await page.route('**/ort.jspi.bundle.min.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: engine(passes, ends) }),
    );
    await page.goto(host);
    await drawn(page);
    assert.match((await fact(page, 'Passed over')) ?? '', said);
    assert.match((await fact(page, 'Engine')) ?? '', /^WebAssembly, 1 thread/);
    await assertShown(await pixels(page), small, { seeds: [0], steps: 4 });
  });
}

test('after the last engine has failed, each new try says so', needsBrowser, async () => {
  const { page } = await newPage();
  await page.addInitScript(withGpu);
  const own = engine(4, "throw new Error('the device was lost');");
  await page.route('**/ort.jspi.bundle.min.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: own }),
  );
  let asked = 0; // first by the engine above
  await page.route('**/ort.wasm.bundle.min.js', (route) => (asked++ === 0 ? route.continue() : route.abort()));
  await page.goto(host);
  const problem = page.locator('#problem-text');
  for (let attempt = 0; attempt < 2; attempt++) {
    await page.waitForFunction(() =>
      /^no engine works in this browser/.test(document.querySelector('#problem-text')?.textContent ?? ''),
    );
    assert.ok(await problem.isVisible());
    await problem.evaluate((element) => {
      element.textContent = '';
    });
    await page.locator('#draw').click();
  }
});

test('a download that is cut off is one sentence, and trying again mends it', needsBrowser, async () => {
  const { page } = await newPage();
  const graph = readFileSync(join(folder, 'model.onnx'));
  await page.route('**/model.onnx', (route) => route.fulfill({ body: graph.subarray(0, 1000) }));
  await page.goto(host);
  const problem = page.locator('#problem-text');
  await problem.waitFor();
  assert.match(
    (await problem.textContent()) ?? '',
    new RegExp(`^model.onnx: 1000 of ${graph.length} bytes came; try again`),
  );
  await page.unroute('**/model.onnx');
  await page.route('**/*.wasm', (route) => route.abort());
  await page.locator('#retry').click();
  await page.waitForFunction(() => /\.wasm/.test(document.querySelector('#problem-text')?.textContent ?? ''));
  assert.match(
    (await problem.textContent()) ?? '',
    /^no engine works in this browser\..* cannot be downloaded; check the connection/,
  );
  await page.unroute('**/*.wasm');
  await page.locator('#retry').click();
  await drawn(page);
});

test('a browser without SIMD is told so', needsBrowser, async () => {
  const { page } = await newPage();
  await page.addInitScript(() => {
    WebAssembly.validate = () => false;
  });
  await page.goto(host);
  await page.locator('#problem-text').waitFor();
  assert.match((await page.locator('#problem-text').textContent()) ?? '', /this browser has no WebAssembly with SIMD/);
});

test(
  'axe-core finds no barrier, wide and on a phone, light and dark; nothing is wider than a phone',
  needsBrowser,
  async () => {
    const { page } = opened;
    for (const [width, colorScheme] of [
      [1200, 'light'],
      [320, 'dark'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await assertAccessible(page);
      const found = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(found <= width, `${found} pixels wide`);
    }
  },
);

test('clips play and pause, and sounds sound', needsBrowser, async () => {
  const [clips, sounds] = [temporary(), temporary()];
  await exportWeb(smallModel({ size: [4, 8, 8], patch: [2, 4, 4] }), clips);
  await exportWeb(smallModel({ size: [256], patch: [16], channels: 1 }), sounds);
  const { page } = await newPage();
  await page.goto(await plainHost(clips));
  await drawn(page);
  const first = await pixels(page);
  const changes = async () => {
    for (let i = 0; i < 20; i++) {
      await page.waitForTimeout(50);
      if (apart(first, await pixels(page)) > 0) return true;
    }
    return false;
  };
  assert.equal(await changes(), true, 'the clip plays');
  await page.getByRole('button', { name: 'Pause' }).click();
  const still = await pixels(page);
  await page.waitForTimeout(300);
  assert.equal(apart(still, await pixels(page)), 0, 'the clip pauses');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download').click()]);
  assert.match(readFileSync(await download.path()).toString('latin1'), /acTL.*fdAT/s);

  await page.goto(await plainHost(sounds));
  await drawn(page);
  await page.evaluate(() => {
    const { start } = AudioBufferSourceNode.prototype;
    AudioBufferSourceNode.prototype.start = function (...times) {
      document.title = `sounds ${this.buffer?.length}`;
      start.apply(this, times);
    };
  });
  await page.getByRole('button', { name: 'Play cat, seed 0' }).click();
  assert.equal(await page.title(), 'sounds 256');
  const [wav] = await Promise.all([page.waitForEvent('download'), page.getByText('Download').click()]);
  assert.equal(
    readFileSync(await wav.path())
      .subarray(0, 4)
      .toString(),
    'RIFF',
  );
});
