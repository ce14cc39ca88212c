import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RinError } from '@rin/core';
import { DataConfig } from '../../src/config/data.js';
import type { Dataset } from '../../src/data/dataset.js';
import { type OpenOptions, openDataset } from '../../src/data/open.js';
import sharp from '../../src/media/sharp.js';

/** A folder for this test file, with a cache of its own; removed at the end. */
export const work = mkdtempSync(join(tmpdir(), 'rin-data-'));
process.env.XDG_CACHE_HOME = join(work, 'cache');
delete process.env.RIN_DATA_CACHE;
after(() => rmSync(work, { recursive: true, force: true }));

let folders = 0;

/** A new folder holding these files; a picture is given by its colour. */
export async function folderOf(files: Record<string, string | Uint8Array | Colour>): Promise<string> {
  const folder = join(work, `folder${folders++}`);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Array.isArray(content) ? await solid(content) : content);
  }
  return folder;
}

export type Colour = [red: number, green: number, blue: number];

/** PNG of one colour, 4×4. */
export const solid = ([r, g, b]: Colour): Promise<Buffer> =>
  sharp({ create: { width: 4, height: 4, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();

/** An IDX file of unsigned bytes. */
export function idx(extents: readonly number[], values: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * extents.length);
  header.writeUInt32BE(0x800 + extents.length, 0);
  for (const [index, extent] of extents.entries()) header.writeUInt32BE(extent, 4 + 4 * index);
  return Buffer.concat([header, Buffer.from(values)]);
}

/** A record of CIFAR: its labels, and red n + x, green n + y, blue n. */
export const cifarRecord = (labels: readonly number[], n: number): Buffer =>
  Buffer.from([...labels, ...cifarPixels(n)]);
export const cifarPixels = (n: number): number[] =>
  Array.from({ length: 3072 }, (_, i) => (n + [i % 32, Math.floor(i / 32) % 32, 0][Math.floor(i / 1024)]) % 256);

/** `tar` of the system, run in a folder. */
export function tar(folder: string, ...args: string[]): string {
  const path = join(work, `archive${folders++}.tar`);
  execFileSync('tar', ['-cf', path, ...args], { cwd: folder });
  return path;
}

type Options = Partial<Omit<OpenOptions, 'data'>> & { data?: Partial<DataConfig> };

/** Opens with size 4 and colour unless told otherwise. */
export const open = (source: string, { data, ...options }: Options = {}): Promise<Dataset> =>
  openDataset(source, { size: 4, channels: 3, data: DataConfig.parse(data ?? {}), ...options });

/** What an error of the user's tells; fails where there is none, or one of another kind. */
export async function problem(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => assert.fail('no error'),
    (reason) => reason,
  );
  assert.ok(error instanceof RinError, String(error));
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}

/** All samples with their class names: [first value of each channel], or the whole samples. */
export function contents(data: Dataset): { colour: number[]; class: string | undefined }[] {
  const [channels, height, width] = data.shape;
  const pixels = new Uint8Array(channels * height * width);
  return Array.from({ length: data.length }, (_, index) => {
    data.read(index, pixels);
    const colour = Array.from({ length: channels }, (_, channel) => pixels[channel * height * width]);
    return { colour, class: data.classes[data.label(index)] };
  });
}

/** Pixels of one sample. */
export function sample(data: Dataset, index: number): Uint8Array {
  const pixels = new Uint8Array(data.shape.reduce((a, b) => a * b, 1));
  data.read(index, pixels);
  return pixels;
}

/** Numbers in [0, 1) for tests that try many cases: a function of the seed (a linear congruential generator). */
export function random(seed: number): () => number {
  let state = BigInt(seed) + 1n;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    return Number(state >> 33n) / 2 ** 31;
  };
}

/** Real pictures beside the checkout, where they are. */
export const shared = (path: string): string =>
  fileURLToPath(new URL(`../../../../../../shared/data/${path}`, import.meta.url));

/** Whether ffmpeg is installed; tests of videos skip otherwise. */
export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** A file that ffmpeg makes; its bytes. @param args without the name of the file @param end its suffix */
export function filmed(end: string, ...args: string[]): Buffer {
  const path = join(work, `film${folders++}.${end}`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, path]);
  return readFileSync(path);
}

/** Frame i is one colour, [10·i, 255 − 10·i, 0]: W×H. @returns RGB, interleaved, one frame after the other */
export function ramp(frames: number, width = 4, height = 4): Uint8Array {
  const out = new Uint8Array(frames * width * height * 3);
  for (let i = 0; i < out.length; i += 3) {
    const frame = Math.floor(i / (3 * width * height));
    out.set([10 * frame, 255 - 10 * frame, 0], i);
  }
  return out;
}

/** The ramp as an animation without loss. @param delay of each frame in milliseconds @param loop 0 = for ever */
export function rampAnimation(
  kind: 'gif' | 'webp',
  frames: number,
  {
    delay = 100,
    loop = 0,
    width = 4,
    height = 4,
  }: { delay?: number | number[]; loop?: number; width?: number; height?: number } = {},
): Promise<Buffer> {
  const raw = { width, height: frames * height, channels: 3, pageHeight: height } as const;
  const picture = sharp(ramp(frames, width, height), { raw });
  const options = { delay: typeof delay === 'number' ? new Array<number>(frames).fill(delay) : delay, loop };
  return kind === 'gif' ? picture.gif(options).toBuffer() : picture.webp({ ...options, lossless: true }).toBuffer();
}
