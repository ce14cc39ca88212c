import { lengthOf, RinError } from '@rin/core';
import type { Tensor, TracedTensor } from '@rin/torch';
import type { Attribute, Node, Stored } from './onnx.js';
import { type Storage, stored } from './storage.js';

/** What a node reads: a value of the graph by name, or a tensor of the trace. */
export type Operand = string | TracedTensor;

/** A node, and the path of the module that it belongs to. */
export type GraphNode = Node & { readonly module: string };

/**
 * An ONNX graph that grows node by node. Tensors of the trace are values, which depend on an input, or constants. A constant is
 * stored when a node reads it.
 */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly stored: Stored[] = [];
  /** path of the module whose call is being written; the names of its nodes begin with it */
  module = '';
  readonly #axes: ReadonlyMap<number, number>;
  readonly #storage: Storage;
  readonly #values = new Map<number, string>();
  readonly #constants = new Map<number, { readonly name: string; readonly value: Tensor }>();
  readonly #made = new Map<string, string>();

  /** @param batchAxes  of the trace, by number of the tensor */
  constructor(batchAxes: ReadonlyMap<number, number>, storage: Storage) {
    this.#axes = batchAxes;
    this.#storage = storage;
  }

  /** Makes a tensor of the trace a value. */
  bind({ id }: Pick<TracedTensor, 'id'>, name: string): void {
    this.#values.set(id, name);
  }

  /** Makes a tensor of the trace a constant. Its samples must be equal, as one of them is stored. */
  bindConstant({ id }: Pick<TracedTensor, 'id'>, name: string, value: Tensor): void {
    this.#constants.set(id, { name, value });
  }

  /** The values of a constant, as they were traced. */
  constant({ id }: Pick<TracedTensor, 'id'>): Tensor | undefined {
    return this.#constants.get(id)?.value;
  }

  /** The name of a value; undefined for a constant. */
  value({ id }: Pick<TracedTensor, 'id'>): string | undefined {
    return this.#values.get(id);
  }

  /** Adds a node. Missing inputs come last. @returns the name of its output */
  node(
    operator: string,
    inputs: readonly (Operand | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.several(operator, inputs, attributes, 1)[0];
  }

  /** Adds a node with several outputs. */
  several(
    operator: string,
    inputs: readonly (Operand | null)[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): string[] {
    const names = inputs.filter((each) => each !== null).map((each) => this.name(each));
    const number = this.nodes.length;
    const outputs = Array.from({ length: count }, (_, i) => `v${number}${count > 1 ? `.${i}` : ''}`);
    const name = `${this.module}/${operator}_${number}`;
    this.nodes.push({ operator, name, inputs: names, outputs, attributes, module: this.module });
    return outputs;
  }

  /** The name of an operand. A constant has one sample along the batch, which most operators broadcast. */
  name(operand: Operand): string {
    if (typeof operand === 'string') return operand;
    const value = this.value(operand);
    if (value !== undefined) return value;
    const constant = this.#constants.get(operand.id);
    if (!constant) throw new TypeError(`tensor ${operand.id} is neither a value nor a constant`);
    return this.#store(constant.name, () => this.#oneSample(operand, constant));
  }

  /** Wᵀ of a matrix W. */
  transposed(matrix: TracedTensor): string {
    const constant = this.#constants.get(matrix.id);
    if (constant) return this.#store(`${constant.name}.transposed`, () => constant.value.transpose(0, 1));
    return this.node('Transpose', [matrix], { perm: [1, 0] });
  }

  /** A tensor with the whole batch, for operators that do not broadcast. */
  whole(tensor: TracedTensor): string {
    const name = this.name(tensor);
    const axis = this.#axes.get(tensor.id);
    if (this.value(tensor) !== undefined || axis === undefined) return name;
    return this.#once(`${name} for each sample`, () => {
      const batch = this.#once('batch', () => this.node('Shape', ['x'], { start: 0, end: 1 }));
      const [before, after] = [tensor.shape.slice(0, axis), tensor.shape.slice(axis + 1)];
      const sizes = [this.integers(before), batch, this.integers(after)];
      return this.node('Expand', [name, this.node('Concat', sizes, { axis: 0 })]);
    });
  }

  /** The same values in the shape of a tensor of the trace, for any batch. */
  reshape(operand: Operand, { id, shape }: TracedTensor): string {
    const sizes = shape.map((extent, axis) => (axis === this.#axes.get(id) ? -1 : extent));
    return this.node('Reshape', [operand, this.integers(sizes)]);
  }

  /** A part of an operand along an axis. */
  slice(operand: Operand, axis: number, start: number, end: number): string {
    return this.node('Slice', [operand, ...[start, end, axis].map((each) => this.integers([each]))]);
  }

  /** An axis of a tensor, counted from the first. @throws RinError if it is that of the batch */
  axis({ id, shape }: TracedTensor, dim: number): number {
    const axis = dim < 0 ? dim + shape.length : dim;
    if (axis !== this.#axes.get(id)) return axis;
    throw new RinError(`this network cannot be written as ONNX: ${this.module} joins or cuts the batch`);
  }

  /** A list of whole numbers, such as a shape. */
  integers(values: readonly number[]): string {
    return this.#once(`[${values.join(', ')}]`, (name) => {
      const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      this.stored.push({ name, dtype: 'int64', shape: [values.length], data });
      return name;
    });
  }

  /** A number, or a list of this number. */
  filled(value: number, shape: readonly number[] = []): string {
    return this.#once(`${value} [${shape.join(', ')}]`, (name) => {
      const data = new Uint8Array(new Float32Array(lengthOf(shape)).fill(value).buffer);
      this.stored.push({ name, dtype: 'float32', shape, data });
      return name;
    });
  }

  #store(name: string, value: () => Tensor): string {
    return this.#once(name, () => {
      const tensor = stored(name, value(), this.#storage);
      this.stored.push(tensor);
      return tensor.dtype === 'float16' ? this.node('Cast', [tensor.name], { to: 1 }) : tensor.name;
    });
  }

  #oneSample({ id }: TracedTensor, { name, value }: { name: string; value: Tensor }): Tensor {
    const axis = this.#axes.get(id);
    if (axis === undefined) return value;
    const one = value.narrow(axis, 0, 1);
    if (value.sub(one).abs().max().item() === 0) return one;
    throw new RinError(`this network cannot be written as ONNX: ${name} is a constant that differs between samples`);
  }

  #once(key: string, make: (key: string) => string): string {
    const made = this.#made.get(key) ?? make(key);
    this.#made.set(key, made);
    return made;
  }
}
