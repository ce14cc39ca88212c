import { execFileSync, spawnSync } from 'node:child_process';
import { type Clip, clipOf } from '../../src/media/clip.js';
import sharp from '../../src/media/sharp.js';

/*
 * Clips read from files by sharp and ffmpeg themselves.
 */

export const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** The frames of a WebP or a GIF. @param channels 1 takes the red channel */
export async function clipFromAnimation(path: string, channels: number): Promise<Clip> {
  const { pages = 1 } = await sharp(path, { animated: true }).metadata();
  const frames = await Promise.all(
    Array.from({ length: pages }, async (_, page) => {
      const { data, info } = await sharp(path, { page }).raw().toBuffer({ resolveWithObject: true });
      return planarOf(data, info.channels, channels, [info.height, info.width]);
    }),
  );
  return clipOf(frames);
}

/** The frames of an mp4 in the size of the clip: every second pixel of a doubled clip, or without the repeated edge. */
export function clipFromMp4(path: string, [width, height]: readonly number[], shape: readonly number[]): Clip {
  const [channels, frames, clipHeight, clipWidth] = shape;
  const scaling = ['-vf', 'scale=in_color_matrix=bt709:in_range=tv:flags=neighbor+accurate_rnd+full_chroma_int'];
  const output = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', path, ...scaling, ...output], { maxBuffer: 1e9 });
  const size = 3 * width * height;
  const step = width >= 2 * clipWidth ? 2 : 1;
  const pictures = Array.from({ length: frames }, (_, f) => {
    const data = new Uint8Array(channels * clipHeight * clipWidth);
    let at = 0;
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < clipHeight; y++)
        for (let x = 0; x < clipWidth; x++) data[at++] = raw[f * size + 3 * (step * y * width + step * x) + c];
    return { data, shape: [channels, clipHeight, clipWidth] };
  });
  return clipOf(pictures);
}

function planarOf(data: Uint8Array, stored: number, channels: number, size: readonly number[]) {
  const pixels = data.length / stored;
  const planar = new Uint8Array(channels * pixels);
  for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) planar[c * pixels + i] = data[stored * i + c];
  return { data: planar, shape: [channels, ...size] };
}

export const largestGap = (a: Clip, b: Clip): number =>
  a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);

export const meanGap = (a: Clip, b: Clip): number =>
  a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]), 0) / a.data.length;
