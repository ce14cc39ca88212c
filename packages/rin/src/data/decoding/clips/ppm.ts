import { checkSize, type Frame } from './film.js';

/** Longest header: `P6`, two numbers and `255`, each with a line break or a space. */
const longestHeader = 40;

/**
 * The pictures of a stream of binary PPM files. Source: netpbm, ppm(5).
 * @param pieces of the stream, cut anywhere
 * @throws Error if it is no such stream, or ends inside a picture
 */
export async function* pictures(pieces: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let header = Buffer.alloc(0);
  let frame: { pixels: Uint8Array; width: number; height: number } | undefined;
  let filled = 0;
  for await (const piece of pieces) {
    let rest = piece;
    while (rest.length > 0) {
      if (!frame) {
        header = Buffer.concat([header, rest.subarray(0, longestHeader)]);
        const match = /^P6\s(\d+)\s(\d+)\s255\s/.exec(header.toString('latin1'));
        if (!match) {
          if (header.length >= longestHeader) throw new Error('ffmpeg gave no pictures');
          rest = rest.subarray(longestHeader);
          continue;
        }
        const [width, height] = [Number(match[1]), Number(match[2])];
        checkSize(width, height);
        const inPiece = Math.min(rest.length, longestHeader);
        rest = rest.subarray(inPiece - (header.length - match[0].length));
        header = Buffer.alloc(0);
        frame = { pixels: new Uint8Array(3 * width * height), width, height };
        filled = 0;
      }
      const some = rest.subarray(0, frame.pixels.length - filled);
      frame.pixels.set(some, filled);
      filled += some.length;
      rest = rest.subarray(some.length);
      if (filled < frame.pixels.length) continue;
      yield frame;
      frame = undefined;
    }
  }
  if (frame) throw new Error('ffmpeg ended inside a frame');
}
