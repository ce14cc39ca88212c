import { crc32 } from '@rin/core';

type Bytes = Uint8Array<ArrayBuffer>;

/** A chunk of a PNG file. @param numbers of 4 bytes (or of 2 or 1, where a pair says so), then `data` */
function chunk(
  type: string,
  numbers: readonly (number | readonly [number, 1 | 2])[],
  data: Bytes = new Uint8Array(),
): Bytes {
  const sizes = numbers.map((each) => (typeof each === 'number' ? 4 : each[1]));
  const length = sizes.reduce<number>((sum, size) => sum + size, data.length);
  const bytes = new Uint8Array(12 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  let at = 8;
  for (const [i, each] of numbers.entries()) {
    const value = typeof each === 'number' ? each : each[0];
    if (sizes[i] === 4) view.setUint32(at, value);
    else if (sizes[i] === 2) view.setUint16(at, value);
    else view.setUint8(at, value);
    at += sizes[i];
  }
  bytes.set(data, at);
  view.setUint32(8 + length, crc32(bytes.subarray(4, 8 + length)));
  return bytes;
}

/** The rows of a picture in RGB, each behind the number of its filter, compressed. */
async function compressed({ width, height, data }: ImageData): Promise<Bytes> {
  const rows = new Uint8Array(height * (3 * width + 1)); // filter 0: none
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++)
        rows[y * (3 * width + 1) + 1 + 3 * x + channel] = data[4 * (y * width + x) + channel];
  const stream = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Frames as a PNG, which moves if there is more than one (W3C PNG, third edition). @param rate frames per second */
export async function apngOf(frames: readonly ImageData[], rate: number): Promise<Blob> {
  const [{ width, height }] = frames;
  const parts: Bytes[] = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', [width, height, [8, 1], [2, 1], [0, 1], [0, 1], [0, 1]]), // 8 bits, RGB
  ];
  const isMoving = frames.length > 1;
  if (isMoving) parts.push(chunk('acTL', [frames.length, 0])); // 0 = for ever
  let number = 0;
  for (const [i, frame] of frames.entries()) {
    const time = [
      [Math.round(1000 / rate), 2],
      [1000, 2],
      [0, 1],
      [0, 1],
    ] as const;
    if (isMoving) parts.push(chunk('fcTL', [number++, width, height, 0, 0, ...time]));
    const data = await compressed(frame);
    parts.push(i === 0 ? chunk('IDAT', [], data) : chunk('fdAT', [number++], data));
  }
  parts.push(chunk('IEND', []));
  return new Blob(parts, { type: 'image/png' });
}
