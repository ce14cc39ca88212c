import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from '../../../src/media/sharp.js';
import { type Colour, contents, folderOf, idx, open, sample, work } from '../fixtures.js';

/** Enough for threads: 600 pictures of a colour each, of which every hundredth cannot be read. */
const many = Array.from({ length: 600 }, (_, i) => [`${i}.png`, i % 100 === 7 ? 'no picture' : colourOf(i)] as const);
const broken = ['7.png', '107.png', '207.png', '307.png', '407.png', '507.png'];
function colourOf(i: number): Colour {
  return [i % 256, Math.floor(i / 256), 77];
}

test('many pictures are decoded in threads, in their order, and the unreadable ones are told by name', async () => {
  const folder = await folderOf(Object.fromEntries(many));
  for (const resize of ['center-crop', 'center-crop-dhariwal'] as const) {
    const data = await open(folder, { data: { resize } });
    assert.deepEqual(
      data.skipped.map(({ name }) => name),
      broken,
    );
    for (const { reason } of data.skipped) assert.match(reason, /unsupported image format/);
    assert.deepEqual(
      contents(data).map(({ colour }) => colour),
      many.flatMap(([, colour]) => (typeof colour === 'string' ? [] : [colour])),
    );
  }
});

test('pixels that have another size are scaled in threads as they are without', async () => {
  const values = Array.from({ length: 600 * 64 }, (_, i) => (i * i) % 251);
  const source = async (count: number) =>
    folderOf({ 'a-images-idx3-ubyte': idx([count, 8, 8], values.slice(0, count * 64)) });
  const [few, all] = [await open(await source(50), { size: 5 }), await open(await source(600), { size: 5 })];
  for (let index = 0; index < few.length; index++) assert.deepEqual(sample(all, index), sample(few, index));
});

test('large pictures among many wait for memory in the threads, and are decoded like the others', async () => {
  const create = { width: 1000, height: 1000, channels: 3, background: '#0000ff' } as const;
  const large = await sharp({ create }).avif({ effort: 0 }).toBuffer();
  const files = many.map(([name, content], i) => [name, i % 60 === 1 ? large : content] as const);
  const data = await open(await folderOf(Object.fromEntries(files)));
  const blue = contents(data).filter(({ colour: [r, g, b] }) => r < 5 && g < 5 && b > 250);
  assert.deepEqual([data.length, blue.length], [600 - broken.length, 10]);
});

test('where the threads cannot start, that is told at once and later, and no picture is blamed', async () => {
  const module = new URL('../../../src/data/decoding/decodeThreads.js', import.meta.url).href;
  const folder = await folderOf({
    'broken.cjs': "if (!require('node:worker_threads').isMainThread) throw new Error('no room');",
    'ask.mjs': `
      import { DecodeThreads } from ${JSON.stringify(module)};
      const threads = new DecodeThreads({ target: { shape: [3, 4, 4], resize: 'fit', background: '#ffffff' } }, 600);
      for (let i = 0; i < 2; i++)
        await threads.decode(new Uint8Array(0)).catch(({ constructor, message }) => console.log(constructor.name, message));
      await threads.close();`,
  });
  // Threads begin with what the process is begun with.
  const args = ['--require', join(folder, 'broken.cjs'), join(folder, 'ask.mjs')];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  assert.equal(said, 'ThreadLost a decoding thread ended: no room\n'.repeat(2));
});

test('what is stopped while threads are at work ends, and leaves nothing behind', async () => {
  const folder = await folderOf(Object.fromEntries(many));
  const stop = new AbortController();
  const onProgress = ({ stage }: { stage: string }) => stage === 'decoding' && stop.abort();
  await assert.rejects(open(folder, { size: 6, onProgress, signal: stop.signal }), { name: 'AbortError' });
  const left = readdirSync(join(work, 'cache', 'rin', 'data')).filter((name) => name.endsWith('.part'));
  assert.deepEqual(left, []);
});
