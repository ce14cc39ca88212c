/*
 * The frames of an animated WebP. Source: WebP Container Specification, sections "Animation" and "Extended File Format"
 * (https://developers.google.com/speed/webp/docs/riff_container).
 */

/** A part of a file with a name of four letters. */
interface Chunk {
  readonly name: string;
  readonly payload: Buffer;
}

/** Bytes of a frame before its picture: place, size, time and flags. */
const frameHeader = 16;

/** Place of the time of a frame in milliseconds, and of its flags. */
const [timeAt, flagsAt] = [12, 15];

/** Flag of a frame: its part of the picture becomes transparent after its time. */
const disposes = 1;

/** Flag of a frame: its pixels replace those before it. */
const replaces = 2;

/** Flag of a file with frames. */
const isAnimation = 2;

/**
 * Stores every frame on its own. libwebp merges equal frames in succession into one that is shown longer, and has no option
 * against it. A clip of equal frames even becomes a picture, which has no time. Here a merged frame is repeated, each time for
 * its own time. A frame that is drawn again changes nothing, because its pixels are either opaque or untouched.
 * @param file   a WebP of opaque frames in the size [height, width], written with these times
 * @param times  of all frames in milliseconds, each above 0
 * @throws RangeError if the file does not have these times
 */
export function everyFrame(
  file: Uint8Array,
  [height, width]: readonly [height: number, width: number],
  times: readonly number[],
): Uint8Array {
  const chunks = parse(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
  const stored = chunks.filter(({ name }) => name === 'ANMF');
  if (stored.length === times.length || times.length === 1) return file;
  const total = times.reduce((sum, time) => sum + time, 0);
  const merged = stored.length > 0 ? stored : [onlyFrame(chunks, height, width, total)];
  const before =
    stored.length > 0 ? chunks.filter(({ name }) => name === 'VP8X' || name === 'ANIM') : heading(height, width);
  return written([...before, ...repeated(merged, times)]);
}

function parse(file: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    chunks.push({ name: file.toString('latin1', at, at + 4), payload: file.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length % 2); // chunks begin at even places
  }
  return chunks;
}

/** The frames, each as often as its time holds times. */
function repeated(frames: readonly Chunk[], times: readonly number[]): Chunk[] {
  let next = 0;
  const found = frames.flatMap(({ name, payload }) => {
    const own: number[] = [];
    for (let left = payload.readUIntLE(timeAt, 3); left > 0 && next < times.length; left -= times[next++])
      own.push(times[next]);
    return own.map((time, i): Chunk => {
      const copy = Buffer.from(payload);
      copy.writeUIntLE(time, timeAt, 3);
      if (i < own.length - 1) copy[flagsAt] &= ~disposes;
      return { name, payload: copy };
    });
  });
  if (found.length !== times.length) throw new RangeError('an animated WebP with other times than its frames');
  return found;
}

/** A still picture as a frame. */
function onlyFrame(chunks: readonly Chunk[], height: number, width: number, time: number): Chunk {
  const header = Buffer.alloc(frameHeader);
  header.writeUIntLE(width - 1, 6, 3);
  header.writeUIntLE(height - 1, 9, 3);
  header.writeUIntLE(time, timeAt, 3);
  header[flagsAt] = replaces;
  const picture = chunks.filter(({ name }) => name === 'VP8 ' || name === 'VP8L');
  return { name: 'ANMF', payload: Buffer.concat([header, ...picture.map(bytesOf)]) };
}

/** The chunks before the frames of an animation that plays forever. */
function heading(height: number, width: number): Chunk[] {
  const canvas = Buffer.alloc(10);
  canvas[0] = isAnimation;
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  return [
    { name: 'VP8X', payload: canvas },
    { name: 'ANIM', payload: Buffer.from([255, 255, 255, 255, 0, 0]) }, // white background, no end
  ];
}

function bytesOf({ name, payload }: Chunk): Buffer {
  const start = Buffer.alloc(8);
  start.write(name, 'latin1');
  start.writeUInt32LE(payload.length, 4);
  return Buffer.concat([start, payload, Buffer.alloc(payload.length % 2)]);
}

function written(chunks: readonly Chunk[]): Buffer {
  const content = Buffer.concat(chunks.map(bytesOf));
  const start = Buffer.alloc(12);
  start.write('RIFF', 'latin1');
  start.writeUInt32LE(4 + content.length, 4);
  start.write('WEBP', 8, 'latin1');
  return Buffer.concat([start, content]);
}
