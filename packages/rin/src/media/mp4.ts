import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { feedFfmpeg, mp4Purpose } from './feedFfmpeg.js';
import { checkFrameRate } from './frameRate.js';
import { grid } from './grid.js';
import type { Image } from './image.js';
import { interleaved } from './planar.js';

/** Frames up to this side are doubled. */
const mostDoubled = 512;

/**
 * The bytes of an mp4 file that browsers play: H.264 with 4:2:0 (yuv420p), in the colours of BT.709. It is encoded by ffmpeg.
 * 4:2:0 stores the colours of 2×2 pixels as one. So each pixel of a frame of up to 512 pixels becomes 2×2 pixels, which
 * also makes the sizes even. The last row or column of a larger frame with an odd size is repeated.
 * @param frames    at least one, each [1 or 3, H, W] of one shape
 * @param frameRate frames per second
 * @throws RinError if ffmpeg is not installed or fails, or the frame rate is out of range
 */
export async function encodeMp4(frames: readonly Image[], frameRate: number): Promise<Uint8Array> {
  checkFrameRate(frameRate);
  const even = frames.map(evenSized);
  const [channels, height, width] = even[0].shape;
  const folder = await mkdtemp(join(tmpdir(), 'rin-mp4-'));
  try {
    const file = join(folder, 'clip.mp4'); // not a pipe: the index at the start of the file is written last
    const raw = [
      '-f',
      'rawvideo',
      '-pixel_format',
      channels === 1 ? 'gray' : 'rgb24',
      '-video_size',
      `${width}x${height}`,
    ];
    const input = [...raw, '-framerate', String(frameRate), '-i', 'pipe:0'];
    const filter = isDoubled(frames[0]) ? 'neighbor' : 'bicubic'; // a filter would mix the colours of doubled pixels
    const colours = [
      '-vf',
      `scale=out_color_matrix=bt709:out_range=tv:flags=${filter}+accurate_rnd+full_chroma_inp,format=yuv420p`,
    ];
    const names = ['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
    const codec = ['-c:v', 'libx264', '-crf', '12', '-threads', '1', '-movflags', '+faststart'];
    const bytes = Buffer.concat(even.map((frame) => interleaved(frame.data, channels)));
    await feedFfmpeg(mp4Purpose, [...input, ...colours, ...names, ...codec, file], bytes);
    return await readFile(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isDoubled = ({ shape }: Image): boolean => Math.max(...shape.slice(1)) <= mostDoubled;

/** The frame with even sizes: doubled, or with its last row and column repeated. */
function evenSized(frame: Image): Image {
  const [channels, height, width] = frame.shape;
  if (isDoubled(frame)) return grid([frame], { columns: 1, scale: 2, margin: 0 });
  const [evenHeight, evenWidth] = [height + (height % 2), width + (width % 2)];
  const data = new Uint8Array(channels * evenHeight * evenWidth);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < evenHeight; y++) {
      const from = (channel * height + Math.min(y, height - 1)) * width;
      const to = (channel * evenHeight + y) * evenWidth;
      data.set(frame.data.subarray(from, from + width), to);
      data.fill(data[to + width - 1], to + width, to + evenWidth);
    }
  }
  return { data, shape: [channels, evenHeight, evenWidth] };
}
