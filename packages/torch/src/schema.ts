import { type Argument, memoryFormatName } from './argument.js';
import { dtypeName } from './dtype.js';
import { TorchError } from './errors.js';
import { attempt, firstSentence, type NativeValue, native } from './native.js';

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

/** The types of a schema that JavaScript and libtorch can exchange. */
export type Kind = (typeof kinds)[number];

export interface Parameter {
  readonly name: string;
  readonly kind: Kind;
  /** The kind of the elements, if it is a list; otherwise null. */
  readonly element: Kind | null;
  /** Whether null is allowed. */
  readonly optional: boolean;
  readonly hasDefault: boolean;
  /** Fixed length of a list: `int[2]` takes one number for both. 0 = any length. */
  readonly length: number;
  /** Whether the operator changes it in place. */
  readonly written: boolean;
}

export interface Operator {
  readonly name: string;
  /** The addon's number for it. */
  readonly id: number;
  readonly parameters: readonly Parameter[];
  /** For each result its kind, and the index of the argument that it is, if that is changed in place (otherwise −1). */
  readonly results: readonly { readonly kind: Kind; readonly written: number }[];
  /** Whether any argument is changed in place. */
  readonly writes: boolean;
}

const known = new Map<string, Operator>();

/**
 * An operator by its schema's name, such as `aten::add.Tensor` (`aten::relu` has no overload name).
 * @throws TorchError if the operator is unknown; the message lists its overloads
 */
export function operator(name: string): Operator {
  return known.get(name) ?? lookUp(name);
}

function lookUp(name: string): Operator {
  if (typeof name !== 'string') throw new TorchError(`expected the name of an operator, got ${String(name)}`);
  const dot = name.indexOf('.');
  const base = dot < 0 ? name : name.slice(0, dot);
  const lines = attempt(name, () => text(base, dot < 0 ? '' : name.slice(dot + 1))).split('\n');
  const [id, count, resultCount] = lines[0].split(' ').map(Number);
  const parameters = lines.slice(1, 1 + count).map(parameter);
  const results = lines.slice(1 + count, 1 + count + resultCount).map((line) => {
    const [kind, written] = line.split(' ').map(Number);
    return { kind: kinds[kind], written };
  });
  const found = { name, id, parameters, results, writes: parameters.some(({ written }) => written) };
  known.set(name, found);
  return found;
}

/** The addon's text for an operator. If the namespace or the usual spelling is missing, the error suggests the full name. */
function text(base: string, overload: string): string {
  try {
    return native.lookUp(base, overload);
  } catch (error) {
    const reason = firstSentence(error);
    const meant = `aten::${base
      .replace(/^.*::/, '')
      .replace(/(?<!^)[A-Z]/g, '_$&')
      .toLowerCase()}`;
    if (meant === base || reason.includes(base)) throw error;
    throw new TorchError(reason + suggestion(meant));
  }
}

function suggestion(base: string): string {
  try {
    native.lookUp(base, '');
    return `; did you mean ${base}?`;
  } catch (error) {
    const overloads = /one of (.*)/s.exec(firstSentence(error))?.[1];
    return overloads === undefined ? '' : `; did you mean one of ${overloads}?`;
  }
}

const knownDefaults = new Map<number, readonly Argument[]>();

/** The default of each argument of an operator, as `call` takes it; undefined for an argument without a default. */
export function defaultsOf({ id, name, parameters }: Operator): readonly Argument[] {
  const made =
    knownDefaults.get(id) ??
    Array.from(
      attempt(name, () => native.defaultsOf(id)), // sparse
      (value, i) => fromDefault(parameters[i], value),
    );
  knownDefaults.set(id, made);
  return made;
}

function fromDefault({ kind }: Parameter, value: NativeValue): Argument {
  if (typeof value !== 'number') return value;
  if (kind === 'ScalarType') return dtypeName(value);
  return kind === 'MemoryFormat' ? memoryFormatName(value) : value;
}

function parameter(line: string): Parameter {
  const [name, code, optional, hasDefault, length, written] = line.split(' ');
  const kind = kinds[Number(code)];
  return {
    name,
    kind,
    element: kind.endsWith('[]') ? (kind.replace(/\??\[\]$/, '') as Kind) : null,
    optional: optional === '1',
    hasDefault: hasDefault === '1',
    length: Number(length),
    written: written === '1',
  };
}
