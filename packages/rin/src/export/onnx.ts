import { bytes, type Encoded, float, integer, joined, message, text } from '../disk/protobuf.js';

/*
 * The messages of an ONNX file (onnx/onnx.proto, IR version 9, https://onnx.ai/onnx/repo-docs/IR.html), as plain values. The
 * numbers are those of their fields.
 */

/** The version of the standard operators. */
export const opset = 20;

/** The version of the file format that belongs to `opset`. */
const irVersion = 9;

/** A value of an attribute: whole numbers, text, or a float. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** One operator of the graph. Values are known by name. */
export interface Node {
  readonly operator: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

const elements = { float32: 1, int64: 7, float16: 10 } as const;

/** A tensor that is stored in the file. */
export interface Stored {
  readonly name: string;
  readonly dtype: keyof typeof elements;
  readonly shape: readonly number[];
  /** little-endian, in row-major order */
  readonly data: Uint8Array;
}

/** An input or output of the graph: float32 [B, ...sample], with B of any size. */
export interface Port {
  readonly name: string;
  readonly sample: readonly number[];
}

/** A graph, and texts that lie in its file. */
export interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly stored: readonly Stored[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The bytes of an ONNX file. The same model gives the same bytes. */
export function encodeOnnx({ name, nodes, stored, inputs, outputs, metadata }: OnnxModel): Encoded {
  return joined([
    integer(1, irVersion),
    text(2, 'rin'),
    message(
      7,
      ...nodes.map(node),
      text(2, name),
      ...stored.map(tensor),
      ...inputs.map((each) => port(11, each)),
      ...outputs.map((each) => port(12, each)),
    ),
    message(8, text(1, ''), integer(2, opset)),
    ...Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value))),
  ]);
}

const node = ({ operator, name, inputs, outputs, attributes }: Node): Encoded =>
  message(
    1,
    ...inputs.map((each) => text(1, each)),
    ...outputs.map((each) => text(2, each)),
    text(3, name),
    text(4, operator),
    ...Object.entries(attributes).map(([key, value]) => message(5, text(1, key), ...attribute(value))),
  );

/** The value of an attribute, and the number of its type. */
function attribute(value: Attribute): Encoded[] {
  if (typeof value === 'number') return [integer(3, value), integer(20, 2)];
  if (typeof value === 'string') return [text(4, value), integer(20, 3)];
  if ('float' in value) return [float(2, value.float), integer(20, 1)];
  return [...value.map((each) => integer(8, each)), integer(20, 7)];
}

const tensor = ({ name, dtype, shape, data }: Stored): Encoded =>
  message(5, ...shape.map((extent) => integer(1, extent)), integer(2, elements[dtype]), text(8, name), bytes(9, data));

function port(field: number, { name, sample }: Port): Encoded {
  const sizes = [text(2, 'B'), ...sample.map((extent) => integer(1, extent))].map((size) => message(1, size));
  return message(field, text(1, name), message(2, message(1, integer(1, elements.float32), message(2, ...sizes))));
}
