import { RinError } from '@rin/core';
import type { TracedCall, TracedTensor } from '@rin/torch';
import type { Graph } from './graph.js';

/** Arguments of calls, by their names in the schemas of libtorch. */
interface Arguments {
  readonly self: TracedTensor;
  readonly other: TracedTensor;
  readonly input: TracedTensor;
  readonly weight: TracedTensor;
  readonly bias: TracedTensor | null;
  readonly tensors: readonly TracedTensor[];
  readonly query: TracedTensor;
  readonly key: TracedTensor;
  readonly value: TracedTensor;
  readonly scale: number | null;
  readonly dim: number;
  readonly dim0: number;
  readonly dim1: number;
  readonly dims: readonly number[];
  readonly start: number;
  readonly length: number;
  readonly approximate: string;
  readonly normalized_shape: readonly number[];
  readonly num_groups: number;
  readonly groups: number;
  readonly eps: number;
  readonly padding: number | readonly number[];
  readonly stride: number | readonly number[];
  readonly dilation: number | readonly number[];
}

/** The arguments of which the table knows one value alone. */
const only: Readonly<Record<string, unknown>> = {
  ...{ alpha: 1, attn_mask: null, dropout_p: 0, is_causal: false, enable_gqa: false, dtype: 'float32' },
};

/** Writes the nodes of one call. @returns the name of each output */
type Writer = (graph: Graph, arguments_: Arguments, outputs: readonly TracedTensor[]) => string | readonly string[];

/** What the network calls, as operators of ONNX. */
const writers: Readonly<Record<string, Writer>> = {
  'aten::add.Tensor': (g, { self, other }) => g.node('Add', [self, other]),
  'aten::cat': (g, { tensors, dim }, [out]) =>
    g.node(
      'Concat',
      tensors.map((each) => g.whole(each)),
      { axis: g.axis(out, dim) },
    ),
  'aten::conv1d': convolution,
  'aten::conv2d': convolution,
  'aten::conv3d': convolution,
  'aten::flatten.using_ints': (g, { self }, [out]) => g.reshape(self, out),
  'aten::gelu': (g, { self, approximate }) => g.node('Gelu', [self], { approximate }),
  'aten::group_norm': groupNorm,
  'aten::layer_norm': (g, { input, weight, bias, eps, normalized_shape: { length } }) =>
    g.node('LayerNormalization', [input, weight, bias], { axis: -length, epsilon: { float: eps } }),
  'aten::linear': (g, { input, weight, bias }) => {
    const product = g.node('MatMul', [input, g.transposed(weight)]);
    return bias ? g.node('Add', [product, bias]) : product;
  },
  'aten::narrow': (g, { self, dim, start, length }) => {
    const [axis, first] = [g.axis(self, dim), start < 0 ? start + (self.shape.at(dim) ?? 0) : start];
    return g.slice(self, axis, first, first + length);
  },
  'aten::permute': (g, { self, dims }) =>
    g.node('Transpose', [self], { perm: dims.map((dim) => (dim + dims.length) % dims.length) }),
  'aten::reshape': (g, { self }, [out]) => g.reshape(self, out),
  'aten::scaled_dot_product_attention': attention,
  'aten::silu': (g, { self }) => g.node('Mul', [self, g.node('Sigmoid', [self])]),
  'aten::split.Tensor': (g, { self, dim }, outputs) => {
    const [axis, sizes] = [g.axis(self, dim), outputs.map(({ shape }) => shape.at(dim) ?? 0)];
    return g.several('Split', [self, g.integers(sizes)], { axis }, sizes.length);
  },
  'aten::to.dtype': (g, { self }) => g.name(self), // from float32 to float32
  'aten::transpose.int': (g, { self, dim0, dim1 }) =>
    g.node('Transpose', [self], { perm: exchanged(self.shape.length, dim0, dim1) }),
  'aten::unsqueeze': (g, { self }, [out]) => g.reshape(self, out),
};

/**
 * Writes a call of the trace to a graph.
 * @throws RinError if there is no row for the operator, or the row does not know an argument's value
 */
export function writeCall(graph: Graph, { operator, inputs, names, module, outputs: results }: TracedCall): void {
  const where = module ? ` in ${module}` : '';
  const refuse = (what: string): never => {
    throw new RinError(`this network cannot be written as ONNX: ${what}${where}`);
  };
  const writer = Object.hasOwn(writers, operator) ? writers[operator] : refuse(`rin does not know ${operator}`);
  const given = Object.fromEntries(names.map((name, i) => [name, inputs[i]] as const));
  for (const [name, value] of Object.entries(given)) {
    const isKnown = Object.hasOwn(only, name) ? value === only[name] : name !== 'weight' || value !== null;
    if (!isKnown) refuse(`rin does not know ${operator} with ${name} ${JSON.stringify(value)}`);
  }
  const outputs = results.flat() as TracedTensor[];
  for (const { dtype } of outputs) if (dtype !== 'float32') refuse(`${operator} makes ${dtype}, not float32,`);
  graph.module = module;
  const made = [writer(graph, given as unknown as Arguments, outputs)].flat();
  for (const [i, output] of outputs.entries()) graph.bind(output, made[i]);
}

function convolution(g: Graph, { input, weight, bias, groups: group, ...rest }: Arguments): string {
  const spread = (value: number | readonly number[]) =>
    weight.shape.slice(2).map((_, axis) => (typeof value === 'number' ? value : (value[axis] ?? value[0])));
  const [padding, strides, dilations] = [rest.padding, rest.stride, rest.dilation].map(spread);
  return g.node('Conv', [input, weight, bias], { group, pads: [...padding, ...padding], strides, dilations });
}

/** Each group is normalised as a row. GroupNormalization itself has a scale for each channel only from opset 21 on. */
function groupNorm(
  g: Graph,
  { input, weight, bias, num_groups: groups, eps }: Arguments,
  [out]: readonly TracedTensor[],
) {
  const [, channels, ...sizes] = input.shape;
  const length = sizes.reduce((product, extent) => product * extent, channels / groups);
  const rows = g.node('Reshape', [input, g.integers([-1, groups, length])]);
  const normed = g.node('LayerNormalization', [rows, g.filled(1, [length])], { axis: -1, epsilon: { float: eps } });
  const perChannel = (tensor: TracedTensor) =>
    g.node('Reshape', [tensor, g.integers([channels, ...sizes.map(() => 1)])]);
  const scaled = g.node('Mul', [g.reshape(normed, out), perChannel(weight)]);
  return bias ? g.node('Add', [scaled, perChannel(bias)]) : scaled;
}

/** softmax(q·kᵀ·scale)·v; q, k and v [B, heads, tokens, w]. The attention weights are the output of the Softmax. */
function attention(g: Graph, { query, key, value, scale }: Arguments): string {
  const width = query.shape.at(-1) ?? 1;
  const scaled = g.node('Mul', [query, g.filled(scale ?? 1 / Math.sqrt(width))]);
  const turned = g.node('Transpose', [key], { perm: exchanged(key.shape.length, -2, -1) });
  const weights = g.node('Softmax', [g.node('MatMul', [scaled, turned])], { axis: -1 });
  return g.node('MatMul', [weights, value]);
}

/** The order of the axes in which two are exchanged. */
function exchanged(axes: number, one: number, other: number): number[] {
  const order = Array.from({ length: axes }, (_, axis) => axis);
  const [a, b] = [one, other].map((axis) => (axis + axes) % axes);
  [order[a], order[b]] = [b, a];
  return order;
}
