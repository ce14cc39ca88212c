import { resolve } from 'node:path';
import { output, outputText } from '../../../media/ffmpeg.js';
import { median } from '../../median.js';
import type { FilePart } from '../../sources/recording.js';
import { checkSize, type Film, type Frame, mostFrames } from './film.js';
import { pictures } from './ppm.js';

/** Seconds that ffprobe has for a file, whose index it reads as a whole. */
const probePatience = 600;

/** Seconds that ffmpeg has for a frame. */
const framePatience = 60;

/** Containers, by their names in ffmpeg. Others, such as playlists, could name other files. */
const containers = 'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi';

/** Options for reading a file, or a range of it, and nothing else. */
function input({ path, offset, size }: FilePart): string[] {
  const file = `file:${resolve(path)}`;
  const url = size === undefined ? file : `subfile,,start,${offset},end,${offset + size},,:${file}`;
  return ['-v', 'error', '-protocol_whitelist', 'file,subfile', '-format_whitelist', containers, '-i', url];
}

/**
 * Reads the facts of a video without decoding it. Only its first video track counts, without cover pictures.
 * @throws RinError if ffmpeg is not installed
 * @throws Error with a reason if the file is no video, or is cut short
 */
export async function openVideo(place: FilePart): Promise<Film> {
  const { width, height, format, rate, isEven, frames } = await probe(place);
  checkSize(width, height);
  if (frames === 0) throw new Error('a video without frames');
  return {
    ...{ format, width, height, frames, rate, isEndless: false },
    play: (wanted) => play(place, wanted ?? (isEven ? undefined : rate)),
  };
}

interface Probed {
  readonly format: string;
  /** in pixels, as it is shown */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** frames per second, from the usual distance of two frames */
  readonly rate: number;
  /** whether all frames have this distance */
  readonly isEven: boolean;
}

async function probe(place: FilePart): Promise<Probed> {
  const keys = 'stream=codec_name,width,height,avg_frame_rate,sample_aspect_ratio:stream_side_data=rotation';
  const shown = ['-select_streams', 'V:0', '-show_entries', `packet=pts_time:${keys}`, '-of', 'compact=p=0'];
  const text = await outputText('ffprobe', [...input(place), ...shown], probePatience);
  const times: number[] = [];
  let stream = new Map<string, string>();
  for (const line of text.split('\n')) {
    const pairs = new Map(
      line.split('|').map((pair): [string, string] => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]),
    );
    const time = pairs.get('pts_time');
    if (time !== undefined) times.push(Number(time)); // NaN in a file without times, such as an old AVI
    if (pairs.has('codec_name')) stream = pairs;
  }
  if (!stream.has('width')) throw new Error('no video track');
  const number = (key: string) => Number(stream.get(key) ?? 0);
  const [across, down] = (stream.get('sample_aspect_ratio') ?? '').split(':').map(Number);
  const stretch = across > 0 && down > 0 ? across / down : 1;
  const sides = [Math.max(1, Math.round(number('width') * stretch)), number('height')];
  const [width, height] = number('rotation') % 180 === 0 ? sides : sides.reverse();
  const [images, seconds] = (stream.get('avg_frame_rate') ?? '').split('/').map(Number);
  const average = images / seconds;
  return {
    format: stream.get('codec_name') ?? 'unknown',
    width,
    height,
    frames: times.length,
    ...pace(times, average),
  };
}

/** Largest ratio of two distances of frames that count as equal. Containers round times to milliseconds. */
const evenness = 1.5;

/** @param times of the frames in seconds, in any order @param average frames per second, as the file says */
function pace(times: readonly number[], average: number): Pick<Probed, 'rate' | 'isEven'> {
  const sorted = Float64Array.from(times.filter(Number.isFinite)).sort();
  const steps = Array.from({ length: Math.max(0, sorted.length - 1) }, (_, i) => sorted[i + 1] - sorted[i]);
  const usual = median(steps.map((step): [number, number] => [step, 1]));
  if (!(usual > 0) || sorted.length < times.length) return { rate: average > 0 ? average : 25, isEven: true };
  const isNear = Math.abs(average * usual - 1) < 0.05;
  const isEven = steps.every((step) => step < evenness * usual && step * evenness > usual);
  return { rate: isNear ? average : 1 / usual, isEven };
}

/** @param rate frames per second; absent = every frame once */
async function* play(place: FilePart, rate?: number): AsyncGenerator<Frame> {
  // Rotation notes are applied by ffmpeg. Then pixels become square, and frames get times that ffmpeg keeps all of.
  const filters = [
    ...(rate === undefined ? [] : [`fps=${rate}`]),
    'settb=1/25,setpts=N,fps=25', // without the second fps, the output repeats frames of another rate than 25
    'scale=max(1\\,round(iw*sar)):ih:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=rgb24',
  ];
  const args = [
    ...['-nostdin', '-xerror', '-err_detect', 'explode', ...input(place), '-map', '0:V:0', '-vf', filters.join(',')],
    ...['-r', '25', '-c:v', 'ppm', '-f', 'image2pipe', '-'],
  ];
  let count = 0;
  for await (const frame of pictures(output('ffmpeg', args, framePatience))) {
    if (++count > mostFrames) throw new Error(`more than ${mostFrames} frames at this frame rate`);
    yield frame;
  }
}
