import { dtypeCode, isDtype } from './dtype.js';
import { TorchError } from './errors.js';
import { Handle, wasDisposed } from './handle.js';
import { type NativeValue, native } from './native.js';
import type { Kind, Parameter } from './schema.js';

/** An argument of an operator, as JavaScript sees it. */
export type Argument = Handle | number | bigint | boolean | string | null | undefined | readonly Argument[];

// libtorch's numbers for them.
const layouts: Readonly<Record<string, number>> = { strided: 0, sparse: 1 };
const memoryFormats: Readonly<Record<string, number>> = {
  contiguous: 0,
  preserve: 1,
  channelsLast: 2,
  channelsLast3d: 3,
};

/** The name of a memory format, given libtorch's number. */
export const memoryFormatName = (code: number): string | undefined =>
  Object.keys(memoryFormats).find((name) => memoryFormats[name] === code);

/** The names of devices, for messages. */
export const deviceNames = 'cpu, cuda, cuda:N or mps';

/** Whether a value is the name of a device: `cpu`, `cuda`, `cuda:N` or `mps`. */
export const isDevice = (value: unknown): value is string =>
  typeof value === 'string' && /^(cpu|mps|cuda(:\d{1,2})?)$/.test(value);

/** Returns the name of a device unchanged. @throws TorchError if there is no such device here */
export function requireDevice(device: string): string {
  if (device === 'cpu') return device;
  const [, , , cuda, mps] = native.runtime().split('\n');
  if (device === 'mps') {
    if (mps === '1') return device;
    throw new TorchError(`there is no device mps here, which needs macOS on an Apple processor; use 'cpu'`);
  }
  const count = Number(cuda);
  if (Number(device.split(':')[1] ?? 0) < count) return device;
  throw new TorchError(
    count === 0
      ? `there is no CUDA device here; use 'cpu', or ask cudaAvailable() before`
      : `there is no device ${device} here; the last one is cuda:${count - 1}`,
  );
}

/**
 * Checks an argument against the schema and converts it for the addon. Undefined takes the schema's default.
 * @throws TorchError if the argument does not fit; the message names it and what it must be
 */
export function toNative(parameter: Parameter, value: Argument): NativeValue {
  if (value === undefined) {
    if (parameter.hasDefault || parameter.optional) return undefined;
    throw new TorchError(`argument ${parameter.name} (${parameter.kind}) is missing`);
  }
  if (value === null) return parameter.optional ? null : refuse(parameter, value);
  return parameter.element === null
    ? single(parameter, parameter.kind, value)
    : list(parameter, parameter.element, value);
}

function list(parameter: Parameter, element: Kind, value: Argument): NativeValue {
  if (!Array.isArray(value)) {
    if (parameter.length === 0 || typeof value === 'object') refuse(parameter, value);
    return new Array<NativeValue>(parameter.length).fill(single(parameter, element, value));
  }
  const nullable = parameter.kind === 'Tensor?[]';
  return Array.from(value, (item: Argument) => (item === null && nullable ? 0 : single(parameter, element, item)));
}

function single(parameter: Parameter, kind: Kind, value: Argument): NativeValue {
  switch (kind) {
    case 'Tensor':
      if (value instanceof Handle) {
        if (value.disposed) throw new TorchError(`argument ${parameter.name}: ${wasDisposed}`);
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
      if (isDevice(value)) return requireDevice(value);
      break;
  }
  return refuse(parameter, value);
}

const expected: Partial<Record<Kind, string>> = {
  int: 'a whole number',
  ScalarType: 'a dtype',
  Layout: Object.keys(layouts).join(' or '),
  MemoryFormat: Object.keys(memoryFormats).join(', '),
  Device: "'cpu', 'cuda:N' or 'mps'",
  Generator: 'left out',
  unsupported: 'left out, because JavaScript cannot pass its type',
};

function refuse(parameter: Parameter, value: Argument): never {
  const wanted = expected[parameter.kind] ?? parameter.kind;
  throw new TorchError(`argument ${parameter.name} must be ${wanted}, got ${describe(value)}`);
}

/** Returns the options unchanged. @throws TorchError if they are not an object */
export function checkOptions<T extends object>(what: string, options: T): T {
  if (typeof options === 'object' && options !== null) return options;
  throw new TorchError(`${what}: expected an object of options, got ${describe(options)}`);
}

/** Describes an argument for an error message: shape and dtype of a tensor, otherwise the value. */
export function describe(value: unknown): string {
  if (value instanceof Handle) return value.disposed ? 'disposed tensor' : `[${value.shape.join(', ')}] ${value.dtype}`;
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(describe).join(', ')}${value.length > 8 ? ', …' : ''}]`;
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'string' ? `'${value}'` : String(value);
}
