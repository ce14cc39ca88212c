import { dtypeCode, isDtype } from './dtype.js';
import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { attempt, firstSentence, type NativeValue, native } from './native.js';
import { adopt } from './scope.js';
import { Tensor } from './tensor.js';

/** What an operator takes and gives, as JavaScript sees it. */
export type Argument = Handle | number | bigint | boolean | string | null | undefined | readonly Argument[];
export type Result = Tensor | number | boolean | string | null | undefined | Result[];

// The order is that of Kind in native/context.h.
const kinds = [
  'Tensor',
  'int',
  'float',
  'bool',
  'Scalar',
  'str',
  'ScalarType',
  'Layout',
  'MemoryFormat',
  'Device',
  'Generator',
  'Tensor[]',
  'Tensor?[]',
  'int[]',
  'float[]',
  'bool[]',
  'Scalar[]',
  'str[]',
  'unsupported',
] as const;
type Kind = (typeof kinds)[number];

const layouts: Record<string, number> = { strided: 0, sparse: 1 };
const memoryFormats: Record<string, number> = { contiguous: 0, preserve: 1, channelsLast: 2, channelsLast3d: 3 };

interface Parameter {
  readonly name: string;
  readonly kind: Kind;
  readonly optional: boolean;
  readonly hasDefault: boolean;
  /** `int[2]` takes one number for both; 0 = a list of any length. */
  readonly length: number;
  readonly keywordOnly: boolean;
  readonly written: boolean;
}

interface Operator {
  readonly name: string;
  readonly id: number;
  readonly parameters: readonly Parameter[];
  /** Per result: its kind, and the argument that it is where the operator changes one in place (else -1). */
  readonly results: readonly { readonly kind: Kind; readonly written: number }[];
}

const known = new Map<string, Operator>();

/** An operator by its schema's name, such as `aten::add.Tensor` (`aten::relu` has no overload name). */
export function operator(name: string): Operator {
  return known.get(name) ?? lookUp(name);
}

function lookUp(name: string): Operator {
  const dot = name.indexOf('.');
  const base = dot < 0 ? name : name.slice(0, dot);
  const lines = attempt(name, () => native.lookUp(base, dot < 0 ? '' : name.slice(dot + 1))).split('\n');
  const [id, count, results] = lines[0].split(' ').map(Number);
  const found: Operator = {
    name,
    id,
    parameters: lines.slice(1, 1 + count).map((line) => {
      const [parameter, kind, optional, hasDefault, length, keywordOnly, written] = line.split(' ');
      return {
        name: parameter,
        kind: kinds[Number(kind)],
        optional: optional === '1',
        hasDefault: hasDefault === '1',
        length: Number(length),
        keywordOnly: keywordOnly === '1',
        written: written === '1',
      };
    }),
    results: lines.slice(1 + count, 1 + count + results).map((line) => {
      const [kind, written] = line.split(' ').map(Number);
      return { kind: kinds[kind], written };
    }),
  };
  known.set(name, found);
  return found;
}

/** One observed call: the operator's name, its arguments in schema order, its results. */
export interface Observation {
  readonly operator: string;
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Result[];
}
type Observer = (observation: Observation) => void;
let observer: Observer | null = null;

/** Sees every operator call until it is replaced; returns the one before. For `trace`. */
export function observe(next: Observer | null): Observer | null {
  const before = observer;
  observer = next;
  return before;
}

/** Whether calls are being observed: `item()` and in-place operators are then refused. */
export const observed = (): boolean => observer !== null;

/**
 * Calls an operator with arguments in the order of its schema. Undefined takes the schema's default.
 * Every operator call of the library passes through here.
 * @throws TorchError naming operator, shapes and dtypes
 */
export function call(name: string, ...inputs: Argument[]): Result {
  const op = operator(name);
  if (inputs.length > op.parameters.length) {
    throw new TorchError(`${name}: takes at most ${op.parameters.length} arguments, got ${inputs.length}`);
  }
  const values: NativeValue[] = new Array<NativeValue>(op.parameters.length);
  for (let i = 0; i < values.length; i++) values[i] = toNative(op, i, inputs[i]);
  if (observer && op.parameters.some((parameter) => parameter.written)) {
    throw new TorchError(`${name}: changes a tensor in place, which a trace cannot record`);
  }
  let value: NativeValue;
  try {
    value = native.callOperator(op.id, ...values);
  } catch (error) {
    throw new TorchError(`${name}: ${firstSentence(error)} (${inputs.map(describe).join(', ')})`);
  }
  const result = op.results.length === 1 ? fromNative(op, 0, value, inputs) : manyFromNative(op, value, inputs);
  if (observer)
    observer({ operator: name, inputs, outputs: op.results.length === 1 ? [result] : (result as Result[]) });
  return result;
}

/** Calls an operator whose schema has one tensor as result. */
export function callTensor(name: string, ...inputs: Argument[]): Tensor {
  return call(name, ...inputs) as Tensor;
}

/** Arguments by name, placed where the schema has them. @throws TorchError for a name that it has not */
export function placeNamed(
  name: string,
  positional: readonly Argument[],
  named: Readonly<Record<string, Argument>>,
): Argument[] {
  const { parameters } = operator(name);
  const inputs = [...positional];
  for (const [key, value] of Object.entries(named)) {
    const index = parameters.findIndex((parameter) => parameter.name === key);
    if (index < 0)
      throw new TorchError(`${name}: has no argument ${key}; it takes ${parameters.map((p) => p.name).join(', ')}`);
    if (index < positional.length) throw new TorchError(`${name}: argument ${key} is given twice`);
    inputs[index] = value;
  }
  return inputs;
}

function fromNative(op: Operator, index: number, value: NativeValue, inputs: readonly Argument[]): Result {
  const { kind, written } = op.results[index];
  if (written >= 0) {
    const target = inputs[written] as Tensor;
    target.forgetDescription();
    return target;
  }
  if (value === null || value === undefined) return null;
  if (kind === 'Tensor') return tensorOf(value as number);
  if (kind === 'Tensor[]') return (value as number[]).map(tensorOf);
  return value as Result;
}

function manyFromNative(op: Operator, value: NativeValue, inputs: readonly Argument[]): Result {
  for (let i = 0; i < op.parameters.length; i++) {
    if (op.parameters[i].written)
      for (const input of [inputs[i]].flat()) if (input instanceof Handle) input.forgetDescription();
  }
  return op.results.length === 0
    ? undefined
    : op.results.map((_, i) => fromNative(op, i, (value as NativeValue[])[i], inputs));
}

/** A new tensor for a slot of the addon, owned by the innermost scope; null where the addon has none. */
export function tensorOf(slot: number): Tensor | null {
  if (slot === 0) return null;
  const tensor = new Tensor(slot);
  adopt(tensor);
  return tensor;
}

/** How an argument is named in an error: shapes and dtypes of tensors, else the value. */
function describe(value: Argument): string {
  if (value instanceof Handle) return value.disposed ? 'disposed tensor' : `[${value.shape.join(', ')}] ${value.dtype}`;
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'string' ? `'${value}'` : String(value);
}

function toNative(op: Operator, index: number, value: Argument): NativeValue {
  const parameter = op.parameters[index];
  if (value === undefined) {
    if (parameter.hasDefault || parameter.optional) return undefined;
    throw new TorchError(`${op.name}: argument ${parameter.name} (${parameter.kind}) is missing`);
  }
  if (value === null) return parameter.optional ? null : refuse(op, parameter, value);
  if (parameter.kind.endsWith('[]')) return listToNative(op, parameter, value);
  return single(op, parameter, parameter.kind, value);
}

function listToNative(op: Operator, parameter: Parameter, value: Argument): NativeValue {
  const element = parameter.kind.slice(0, -2).replace('?', '') as Kind;
  if (!Array.isArray(value)) {
    if (parameter.length === 0 || typeof value === 'object') refuse(op, parameter, value);
    const one = single(op, parameter, element, value);
    return new Array<NativeValue>(parameter.length).fill(one);
  }
  const nullable = parameter.kind === 'Tensor?[]';
  return value.map((item: Argument) => (item === null && nullable ? 0 : single(op, parameter, element, item)));
}

function single(op: Operator, parameter: Parameter, kind: Kind, value: Argument): NativeValue {
  switch (kind) {
    case 'Tensor':
      if (value instanceof Handle) {
        if (value.disposed) throw new TorchError(`${op.name}: argument ${parameter.name}: the tensor was disposed`);
        return value.slot;
      }
      break;
    case 'int':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'float':
      if (typeof value === 'number') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'Scalar':
      if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
      break;
    case 'str':
      if (typeof value === 'string') return value;
      break;
    case 'ScalarType':
      if (isDtype(value)) return dtypeCode(value);
      break;
    case 'Layout':
      if (typeof value === 'string' && Object.hasOwn(layouts, value)) return layouts[value];
      break;
    case 'MemoryFormat':
      if (typeof value === 'string' && Object.hasOwn(memoryFormats, value)) return memoryFormats[value];
      break;
    case 'Device':
      if (typeof value === 'string' && /^(cpu|cuda(:\d{1,2})?)$/.test(value)) return value;
      break;
  }
  return refuse(op, parameter, value);
}

function refuse(op: Operator, parameter: Parameter, value: Argument): never {
  const expected = {
    ScalarType: 'a dtype',
    Layout: 'a layout',
    MemoryFormat: 'a memory format',
    Device: "'cpu' or 'cuda:N'",
  };
  const wanted = (expected as Partial<Record<Kind, string>>)[parameter.kind] ?? parameter.kind;
  throw new TorchError(`${op.name}: argument ${parameter.name} must be ${wanted}, got ${describe(value)}`);
}
