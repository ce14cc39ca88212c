import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { crc32 } from '@rin/core';
import { openAnimation } from '../../../src/data/decoding/clips/animation.js';
import sharp from '../../../src/media/sharp.js';
import { filmed, hasFfmpeg } from '../fixtures.js';

type Colour = readonly [red: number, green: number, blue: number, alpha: number];
const [red, green, blue, half, clear]: Colour[] = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [0, 0, 255, 255],
  [0, 0, 255, 128],
  [0, 0, 0, 0],
];

function chunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

/** One colour, RGBA, width × 1. */
const row = (colour: Colour, width: number): Buffer =>
  deflateSync(Buffer.from([0, ...new Array(width).fill(colour).flat()]));

interface Part {
  readonly colour: Colour;
  readonly left?: number;
  readonly width?: number;
  readonly disposal?: number;
  readonly blending?: number;
  readonly delay?: number;
}

/** An animated PNG of 3×1 pixels. @param hidden whether a still picture that is no frame comes first */
function apng(parts: readonly Part[], { hidden = false, announced = parts.length } = {}): Buffer {
  let sequence = 0;
  const chunks = [
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', Buffer.concat([numbers(3, 1), Buffer.from([8, 6, 0, 0, 0])])),
    chunk('acTL', numbers(announced, 0)),
  ];
  if (hidden) chunks.push(chunk('IDAT', row([9, 9, 9, 255], 3)));
  for (const [index, { colour, left = 0, width = 3, disposal = 0, blending = 0, delay = 100 }] of parts.entries()) {
    const how = Buffer.from([delay >> 8, delay & 255, 1000 >> 8, 1000 & 255, disposal, blending]);
    chunks.push(chunk('fcTL', Buffer.concat([numbers(sequence++, width, 1, left, 0), how])));
    const pixels = row(colour, width);
    chunks.push(
      index === 0 && !hidden ? chunk('IDAT', pixels) : chunk('fdAT', Buffer.concat([numbers(sequence++), pixels])),
    );
  }
  return Buffer.concat([...chunks, chunk('IEND', Buffer.alloc(0))]);
}

/** The frames on white. */
async function frames(bytes: Uint8Array): Promise<number[][]> {
  const all: number[][] = [];
  for await (const { pixels } of (await openAnimation(bytes, '#ffffff')).play()) all.push([...pixels]);
  return all;
}

const onWhite = ([r, g, b, alpha]: Colour) =>
  [r, g, b].map((value) => Math.round((value * alpha + 255 * (255 - alpha)) / 255));
const picture = (...colours: readonly Colour[]) => colours.flatMap(onWhite);

test('frames that replace a part, draw over it, and leave, clear or restore it', async () => {
  const first: Part = { colour: red };
  const part = { colour: green, left: 1, width: 1 };
  const none: Part = { colour: clear, width: 1, blending: 1 };
  assert.deepEqual(await frames(apng([first, part, none])), [
    picture(red, red, red),
    picture(red, green, red),
    picture(red, green, red),
  ]);
  assert.deepEqual((await frames(apng([first, { ...part, disposal: 1 }, none])))[2], picture(red, clear, red));
  assert.deepEqual((await frames(apng([first, { ...part, disposal: 2 }, none])))[2], picture(red, red, red));
  assert.deepEqual(
    (
      await frames(
        apng([
          { ...first, disposal: 2 },
          { ...part, blending: 1 },
        ]),
      )
    )[1],
    picture(clear, green, clear),
    'what the first frame restores is empty',
  );
  const mixed = (await frames(apng([first, { colour: half, width: 1, blending: 1 }])))[1];
  assert.deepEqual(mixed.slice(0, 3), [127, 0, 128], 'half blue over red');
  const replaced = (await frames(apng([first, { colour: half, width: 1 }])))[1];
  assert.deepEqual(replaced.slice(0, 3), onWhite(half), 'half blue instead of red');
  assert.deepEqual(await frames(apng([{ colour: blue }, first], { hidden: true })), [
    picture(blue, blue, blue),
    picture(red, red, red),
  ]);
});

test('times and loops', async () => {
  const film = await openAnimation(
    apng([
      { colour: red, delay: 50 },
      { colour: green, delay: 150 },
    ]),
    '#ffffff',
  );
  assert.deepEqual([film.format, film.frames, film.rate, film.isEndless], ['apng', 2, 20, true]);
  assert.equal(
    (
      await frames(
        apng([
          { colour: red, delay: 50 },
          { colour: green, delay: 150 },
        ]),
      )
    ).length,
    4,
  );
});

test('an animated PNG of ffmpeg has the frames of the same film as pictures', { skip: !hasFfmpeg }, async () => {
  const pattern = ['-f', 'lavfi', '-i', 'testsrc=size=40x30:rate=10:duration=1.2', '-pix_fmt', 'rgb24'];
  const animated = await frames(filmed('png', ...pattern, '-f', 'apng'));
  assert.equal(animated.length, 12);
  for (const index of [0, 5, 11]) {
    const still = filmed('png', ...pattern, '-vf', `select=eq(n\\,${index})`, '-frames:v', '1');
    assert.deepEqual(animated[index], [...(await sharp(still).removeAlpha().raw().toBuffer())], `frame ${index}`);
  }
});

test('damaged animated PNGs are refused', async () => {
  const whole = apng([{ colour: red }, { colour: green }]);
  await assert.rejects(openAnimation(whole.subarray(0, whole.length - 5), '#ffffff'), /cut short/);
  await assert.rejects(
    openAnimation(apng([{ colour: red }], { announced: 3 }), '#ffffff'),
    /1 frames, but announces 3/,
  );
  await assert.rejects(openAnimation(apng([{ colour: red, left: 1 }]), '#ffffff'), /larger than the picture/);
});
