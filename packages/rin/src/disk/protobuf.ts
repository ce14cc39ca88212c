/*
 * The part of the protobuf encoding that ONNX files and events of TensorBoard need (protobuf.dev/programming-guides/encoding): a message is a list of
 * fields, and a field is its number, the kind of its value, and the value. Weights are not copied: the bytes are a list of pieces.
 */

/** Encoded bytes, piece after piece. */
export interface Encoded {
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

/** Up to this length parts become one piece, so that a file is written in few pieces. */
const smallest = 4096;

/** Fields one after the other. */
export function joined(parts: readonly Encoded[]): Encoded {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const pieces = parts.flatMap((part) => part.pieces);
  return { length, pieces: length > smallest ? pieces : [Buffer.concat(pieces)] };
}

/** A field with a whole number, such as an int64 or an enum. */
export const integer = (field: number, value: number): Encoded => encoded([...varint(field * 8), ...varint(value)]);

/** A field with a float of 4 bytes. */
export const float = (field: number, value: number): Encoded =>
  encoded([...varint(field * 8 + 5), ...new Uint8Array(Float32Array.of(value).buffer)]);

/** A field with a float of 8 bytes. */
export const double = (field: number, value: number): Encoded =>
  encoded([...varint(field * 8 + 1), ...new Uint8Array(Float64Array.of(value).buffer)]);

/** A field with text. */
export const text = (field: number, value: string): Encoded => bytes(field, new TextEncoder().encode(value));

/** A field with bytes, which are not copied. */
export const bytes = (field: number, value: Uint8Array): Encoded =>
  message(field, { length: value.byteLength, pieces: [value] });

/** A field with a message of these fields. */
export function message(field: number, ...fields: readonly Encoded[]): Encoded {
  const inner = joined(fields);
  return joined([encoded([...varint(field * 8 + 2), ...varint(inner.length)]), inner]);
}

const encoded = (values: readonly number[]): Encoded => ({ length: values.length, pieces: [Uint8Array.from(values)] });

/** Seven bits in each byte, the lowest first; the highest bit says that more follow. Negative numbers have 64 bits. */
function varint(value: number): number[] {
  const result: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) result.push(Number(rest & 127n) | 128);
  return [...result, Number(rest)];
}
