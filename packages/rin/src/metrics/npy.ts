import { lengthOf } from '@rin/core';
/** An array of numpy. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** row by row */
  readonly values: Float32Array | Float64Array;
}

const magic = '\x93NUMPY';

/**
 * Encodes an array as numpy's format 1.0 (numpy.lib.format): magic, version, a header in Python's notation that is padded to a
 * multiple of 64 bytes, then the values, little-endian and row by row.
 */
export function encodeNpy({ shape, values }: NpyArray): Uint8Array {
  const descr = values instanceof Float64Array ? '<f8' : '<f4';
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = Buffer.alloc(10 + header.length + values.byteLength);
  bytes.write(magic, 0, 'latin1');
  bytes[6] = 1;
  bytes.writeUInt16LE(header.length, 8);
  bytes.write(header, 10, 'latin1');
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + header.length);
  return bytes;
}

/**
 * Decodes an array of float32 or float64 in numpy's format 1 to 3.
 * @returns undefined if it is something else, of another type, or cut short
 */
export function decodeNpy(data: Uint8Array): NpyArray | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== magic) return undefined;
  const long = bytes[6] > 1;
  const start = long ? 12 : 10;
  const end = start + (long ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString('latin1', start, Math.min(end, start + 1024));
  const type = /'descr': *'<f([48])'/.exec(header)?.[1];
  const order = /'fortran_order': *(True|False)/.exec(header)?.[1];
  const list = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (type === undefined || order === undefined || list === undefined) return undefined;
  const shape = (list.match(/\d+/g) ?? []).map(Number);
  const count = lengthOf(shape);
  if (bytes.length - end !== count * Number(type)) return undefined;
  const content = Uint8Array.from(bytes.subarray(end)).buffer; // aligned
  const values = type === '8' ? new Float64Array(content) : new Float32Array(content);
  if (order === 'False' || shape.length < 2) return { shape, values };
  return shape.length === 2 ? { shape, values: transposed(values, shape) } : undefined;
}

/** Values that were stored column by column, row by row. */
function transposed<T extends Float32Array | Float64Array>(values: T, [rows, columns]: readonly number[]): T {
  const result = values.slice() as T;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[i * columns + j] = values[j * rows + i];
  return result;
}
