import { expand, RinError } from '@rin/core';
import { writeOutput } from '../disk/output.js';
import { checkEnding } from './ending.js';
import { checkSound, type Sound } from './sound.js';

/** The contents of a WAV file. */
export interface Wave {
  /** samples in a second */
  readonly rate: number;
  /** one list of amplitudes for each channel, in [−1, 1] */
  readonly channels: readonly Float32Array[];
}

/** How the samples of a WAV file are stored. */
interface Format {
  readonly isFloat: boolean;
  readonly channels: number;
  readonly rate: number;
  /** of one sample of one channel */
  readonly bytes: number;
  /** of one sample of all channels */
  readonly frame: number;
}

/** Codes of the chunk `fmt `. The extensible form has the real code in its subformat. */
const [pcm, float, extensible] = [1, 3, 0xfffe];

/** Programs that write into a pipe do not know the length. */
const unknownLength = 2 ** 32 - 1;

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits, or float of 32 or 64 bits, with any number of channels.
 * @throws Error with a reason in one line if it is no WAV file, is cut short, or is stored in another way
 */
export function readWav(bytes: Uint8Array): Wave {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || word(0) !== 'RIFF' || word(8) !== 'WAVE') throw new Error('no WAV file');
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const start = at + 8;
    const written = view.getUint32(at + 4, true);
    const length = written === unknownLength ? bytes.length - start : written;
    if (word(at) === 'fmt ')
      format = readFormat(new DataView(view.buffer, view.byteOffset + start), bytes.length - start);
    if (word(at) === 'data') {
      if (!format) throw new Error('the samples come before their format');
      if (start + length > bytes.length) throw new Error('cut short');
      return {
        rate: format.rate,
        channels: readChannels(new DataView(view.buffer, view.byteOffset + start, length), format),
      };
    }
    at = start + length + (length % 2); // chunks begin at even places
  }
  throw new Error(format ? 'no samples' : 'no format');
}

function readFormat(view: DataView, available: number): Format {
  if (available < 16) throw new Error('cut short');
  const code = view.getUint16(0, true);
  const isExtended = code === extensible && available >= 26;
  const kind = isExtended ? view.getUint16(24, true) : code;
  const [channels, rate, frame, bits] = [
    view.getUint16(2, true),
    view.getUint32(4, true),
    view.getUint16(12, true),
    view.getUint16(14, true),
  ];
  const isFloat = kind === float;
  if (!(kind === pcm ? [8, 16, 24, 32] : isFloat ? [32, 64] : []).includes(bits)) {
    throw new Error(`code ${kind} with ${bits} bits; only PCM of 8 to 32 bits and float are read`);
  }
  const bytes = bits / 8;
  if (channels === 0 || rate === 0 || frame !== channels * bytes) throw new Error('its format contradicts itself');
  return { isFloat, channels, rate, bytes, frame };
}

function readChannels(view: DataView, { isFloat, channels, bytes, frame }: Format): Float32Array[] {
  const length = Math.floor(view.byteLength / frame);
  const read = reader(view, isFloat, bytes);
  return Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length }, (_, i) => Math.min(Math.max(read(i * frame + channel * bytes), -1), 1) || 0),
  );
}

/** Reads the amplitude at a place. 8 bits are unsigned, all others signed. */
function reader(view: DataView, isFloat: boolean, bytes: number): (at: number) => number {
  if (isFloat) return bytes === 4 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  if (bytes === 1) return (at) => (view.getUint8(at) - 128) / 2 ** 7;
  if (bytes === 2) return (at) => view.getInt16(at, true) / 2 ** 15;
  if (bytes === 3) return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
  return (at) => view.getInt32(at, true) / 2 ** 31;
}

/** Options of `writeWav` and `encodeWav`. */
export interface WavOptions {
  /** samples in a second */
  rate: number;
}

/**
 * Writes a sound as WAV with 16-bit PCM, and makes its missing folders. The new file is complete or absent; an existing
 * file is replaced only by the complete new one.
 * @param path ends in `.wav`, or has no ending
 * @throws RinError as `encodeWav`, or if the path has another ending, or the file cannot be written
 */
export async function writeWav(path: string, sound: Sound, options: WavOptions): Promise<void> {
  checkEnding(path, '.wav');
  await writeOutput(path, encodeWav(sound, options));
}

/** The bytes of a WAV file with 16-bit PCM and one channel. @throws RinError if it is no sound, or the rate is no integer from 1 */
export function encodeWav(sound: Sound, { rate }: WavOptions): Uint8Array {
  if (!(Number.isInteger(rate) && rate >= 1 && rate < 2 ** 31))
    throw new RinError(`a sample rate of ${rate}: expected an integer from 1`);
  const amplitudes = expand(checkSound(sound).data);
  const file = Buffer.alloc(44 + 2 * amplitudes.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(pcm, 20);
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(2 * rate, 28); // bytes in a second
  file.writeUInt16LE(2, 32); // bytes of a frame
  file.writeUInt16LE(16, 34); // bits of a sample
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * amplitudes.length, 40);
  for (const [i, a] of amplitudes.entries()) file.writeInt16LE(Math.round(a * 32767), 44 + 2 * i);
  return file;
}
