import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { bytes, duration, roughly } from '@rin/core';
import { trainingLine } from '../../../src/cli/terminal/progressLines.js';
import { bar, Screen } from '../../../src/cli/terminal/screen.js';
import { Sheet } from '../../../src/media/sheet.js';
import { paletteColour, pictureDepth, terminalPicture } from '../../../src/media/terminalPicture.js';

/** A stream that is, or is not, a terminal of 40 columns. */
function stream(isTTY: boolean) {
  const pass = new PassThrough();
  let text = '';
  pass.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const written = async () => {
    await new Promise(setImmediate);
    return text;
  };
  return { as: Object.assign(pass, { isTTY, columns: 40 }) as unknown as NodeJS.WriteStream, written };
}

test('on a terminal progress is one line, cut to the width, and gives way to what is said', async () => {
  const [out, progress] = [stream(true), stream(true)];
  const screen = new Screen({ out: out.as, progress: progress.as });
  screen.status(() => 'x'.repeat(100));
  screen.status(() => assert.fail('drawn again at once'));
  screen.say('done');
  screen.status(() => 'next');
  screen.clear();
  assert.equal(await progress.written(), `\r\x1b[K${'x'.repeat(39)}\r\x1b[K\r\x1b[Knext\r\x1b[K`);
  assert.equal(await out.written(), 'done\n');
});

test('elsewhere progress is a plain line every ten seconds', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const [out, progress] = [stream(false), stream(false)];
  const screen = new Screen({ out: out.as, progress: progress.as });
  for (; now <= 25_000; now += 100) screen.status(() => `at ${now} ms`);
  screen.clear();
  assert.equal(await progress.written(), 'at 10000 ms\nat 20000 ms\n');
});

test('the line of a training tells images, speed, loss, learning rate, time left and memory', () => {
  const progress = {
    images: 12_800,
    total: 60_320,
    loss: 0.04231,
    validationLoss: 0.0512,
    learningRate: 4e-3,
    imagesPerSecond: 264,
    secondsLeft: 180,
    memory: 612e6,
  };
  const line =
    '12,800 of 60,320 images (21%), 264 images/s, loss 0.0423, validation 0.0512, learning rate 0.0040, 3:00 left, 612 MB';
  assert.equal(trainingLine(progress, false), line);
  assert.equal(trainingLine(progress, true), `████░░░░░░░░░░░░░░░░ ${line}`);
  assert.equal(
    trainingLine(
      {
        ...progress,
        images: 0,
        loss: null,
        validationLoss: null,
        imagesPerSecond: null,
        secondsLeft: null,
        sampling: { step: 3, steps: 100 },
      },
      false,
    ),
    '0 of 60,320 images (0%), drawing samples, step 3 of 100, learning rate 0.0040, 612 MB',
  );
});

test('numbers are written as people read them', () => {
  assert.deepEqual(
    [0, 0.5, 1, 2].map((share) => bar(share, 4)),
    ['░░░░', '██░░', '████', '████'],
  );
  assert.deepEqual([0, 999, 1200, 45e6, 1.6e9].map(bytes), ['0 B', '999 B', '1.2 kB', '45 MB', '1.6 GB']);
  assert.deepEqual([0, 59.6, 125, 3725].map(duration), ['0:00', '1:00', '2:05', '1:02:05']);
  assert.deepEqual([0.2, 99, 100, 3725, 11_400, 7199, 200_000].map(roughly), [
    '1 s',
    '99 s',
    '2 min',
    '62 min',
    '3 h 10 min',
    '2 h 0 min',
    '2 days 8 h',
  ]);
});

/** A picture of one value, 64×64: small ones would be enlarged. */
const plain = (value: number) => ({ data: new Uint8Array(64 * 64).fill(value), shape: [1, 64, 64] });

test('a sheet has a row for each class where they fill rows, and keeps the order otherwise', () => {
  const middles = (sheet: Sheet, values: number[], columns: number) => {
    const { data, shape } = sheet.draw(values.map(plain));
    const left = shape[2] - columns * 66 - 2; // what the labels take
    return values.map((_, i) => data[(34 + 66 * Math.floor(i / columns)) * shape[2] + left + 34 + 66 * (i % columns)]);
  };
  assert.deepEqual(middles(new Sheet(4, ['b', 'a', 'b', 'a'], 2), [10, 20, 30, 40], 2), [10, 30, 20, 40]);
  assert.deepEqual(middles(new Sheet(4, ['b', 'a', 'a', 'a'], 2), [10, 20, 30, 40], 2), [10, 20, 30, 40]);
  assert.deepEqual(middles(new Sheet(4, [], 2), [10, 20, 30, 40], 2), [10, 20, 30, 40]);
  assert.equal(new Sheet(3, []).draw([1, 2, 3].map(plain)).shape[2], 3 * 66 + 2);
});

/** The pixels that lines of half blocks show. */
const decode = (text: string): number[][][] =>
  text.split('\n').flatMap((line) => {
    const blocks = [...line.matchAll(/\[38;2;([\d;]+)m.\[48;2;([\d;]+)m▀/g)];
    const colours = blocks.map(([, upper, lower]) => [upper, lower].map((colour) => colour.split(';').map(Number)));
    return [colours.map(([upper]) => upper), colours.map(([, lower]) => lower)];
  });

test('a picture in the terminal is the picture, two pixels a character, scaled down to the width', async () => {
  const shape = [3, 4, 6];
  const data = Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256);
  const at = (x: number, y: number) => [0, 1, 2].map((channel) => data[(channel * 4 + y) * 6 + x]);
  const expected = Array.from({ length: 4 }, (_, y) => Array.from({ length: 6 }, (_, x) => at(x, y)));
  assert.deepEqual(decode(await terminalPicture({ data, shape }, 80)), expected);

  const grey = { data: Uint8Array.from({ length: 64 * 64 }, (_, i) => (i % 64 < 32 ? 10 : 240)), shape: [1, 64, 64] };
  const half = decode(await terminalPicture(grey, 16));
  assert.deepEqual([half.length, half[0].length], [16, 16]);
  assert.deepEqual(
    [half[8][2], half[8][13]],
    [
      [10, 10, 10],
      [240, 240, 240],
    ],
  );
});

test('with 256 colours each pixel is the nearest of cube and greys, as terminals have them', async () => {
  const cube = [0, 95, 135, 175, 215, 255];
  const palette = new Map<number, number[]>();
  for (let code = 16; code < 232; code++) {
    const at = code - 16;
    palette.set(code, [cube[Math.floor(at / 36)], cube[Math.floor(at / 6) % 6], cube[at % 6]]);
  }
  for (let code = 232; code < 256; code++) palette.set(code, new Array<number>(3).fill(8 + 10 * (code - 232)));
  const distance = (a: readonly number[], b: readonly number[] = []) =>
    a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
  for (let i = 0; i < 2000; i++) {
    const colour = i < 256 ? [i, i, i] : [(i * 37) % 256, (i * 91) % 256, (i * 151) % 256];
    const [red, green, blue] = colour;
    const least = Math.min(...[...palette.values()].map((each) => distance(colour, each)));
    assert.equal(distance(colour, palette.get(paletteColour(red, green, blue))), least, colour.join());
  }
  assert.deepEqual(
    [paletteColour(255, 0, 0), paletteColour(95, 135, 175), paletteColour(128, 128, 128)],
    [196, 67, 244],
  );
  const data = Uint8Array.from([255, 0, 0, 0, 0, 255]); // red above blue
  assert.equal(await terminalPicture({ data, shape: [3, 2, 1] }, 80, 8), '\x1b[38;5;196m\x1b[48;5;21m▀\x1b[0m');
});

test('pictures are shown on terminals of 256 colours and more; Windows Terminal has 24 bits', () => {
  const terminal = (isTTY: boolean, depth: number) => ({ isTTY, getColorDepth: () => depth }) as NodeJS.WriteStream;
  const depths = (env: NodeJS.ProcessEnv) =>
    [terminal(true, 24), terminal(true, 8), terminal(true, 1), terminal(false, 24)].map((each) =>
      pictureDepth(each, env),
    );
  assert.deepEqual(depths({}), [24, 8, undefined, undefined]);
  assert.deepEqual(depths({ WT_SESSION: '1' }), [24, 24, undefined, undefined]);
});
