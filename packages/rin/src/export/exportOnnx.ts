import { RinError } from '@rin/core';
import { noGrad, scope } from '@rin/torch';
import { type Model, metadataOf } from '../diffusion/modelFile.js';
import { writeWhole } from '../disk/wholeFiles.js';
import { networkGraph } from './networkGraph.js';
import { encodeOnnx, type OnnxModel } from './onnx.js';
import { Storage } from './storage.js';

/** Options of `exportOnnx`. */
export interface OnnxOptions {
  /**
   * Precision of the stored weights. With `float32` the numbers are those of the model; weights that float16 holds exactly are
   * stored in it. `float16` rounds all of them. The graph computes in float32. Default: `float32`
   */
  readonly dtype?: 'float32' | 'float16';
  /** Whether the attention of each read is an output too: `read_0`, `read_1`, … Default: false */
  readonly reads?: boolean;
}

/** What `exportOnnx` wrote. */
export interface OnnxExport {
  /** size of the file */
  readonly bytes: number;
  /** numbers that are stored in each precision */
  readonly float16: number;
  readonly float32: number;
  /** the largest difference between a weight and what is stored for it */
  readonly largestError: number;
  /** inputs and outputs of the graph by name, with the shape of one sample */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/** An ONNX file has at most 2 GiB, the largest message of protobuf. */
const mostBytes = 2 ** 31 - 1;

/**
 * Writes the network of a model as an ONNX file: one pass, with any batch, in operators of the standard (opset 20). The metadata
 * `rin` is that of the model file, as JSON. The same model gives the same bytes.
 *
 *     inputs    x [B, C, ...size], code [B, d_t/4], condition [B, classes] or [B, s, d_c], given [B, C, ...size],
 *               previous_latents [B, m, d'], previous_interface [B, n, d], previous_data [B, C, ...size]
 *     outputs   prediction [B, C, ...size], latents, interface, and with `reads` read_0 … read_(blocks − 1) [B, m, n]
 *
 * All are float32. Only those are there that the network has or carries. `timeCode` of @rin/core computes the code of γ. Zeros
 * stand for what is absent: no class, or the first step of sampling. A pass has all latents.
 * @param path of the file, which is replaced
 * @throws RinError if the network calls an operator that rin cannot write, or the file cannot be written
 */
export async function exportOnnx(model: Model, path: string, options: OnnxOptions = {}): Promise<OnnxExport> {
  const { dtype = 'float32', reads = false } = options;
  const storage = new Storage(dtype === 'float16');
  const { config, network } = model;
  const graph = scope(() => noGrad(() => networkGraph(network, config.model, { storage, reads })));
  const metadata = { rin: JSON.stringify(metadataOf(model)) };
  const { pieces, length } = encodeOnnx({ ...graph, name: config.name, metadata });
  if (length > mostBytes)
    throw new RinError(`${path}: the graph would have ${length} bytes, but an ONNX file has at most ${mostBytes}`);
  await writeWhole(path, (write) => {
    for (const piece of pieces) write(piece);
  });
  const shapes = (ports: OnnxModel['inputs']) => Object.fromEntries(ports.map(({ name, sample }) => [name, sample]));
  const { half: float16, full: float32, largestError } = storage;
  return {
    bytes: length,
    float16,
    float32,
    largestError,
    inputs: shapes(graph.inputs),
    outputs: shapes(graph.outputs),
  };
}
