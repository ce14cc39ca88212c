import { type Argument, checkOptions, describe, toNative } from './argument.js';
import { dtypeName } from './dtype.js';
import { TorchError } from './errors.js';
import { forgetDescriptions } from './handle.js';
import { firstSentence, type NativeValue, native, type Slot } from './native.js';
import { type Operator, operator } from './schema.js';
import { adopt } from './scope.js';
import type { Tensor } from './tensor.js';

/** What an operator gives, as JavaScript sees it. */
export type Result = Tensor | number | boolean | string | null | undefined | Result[];

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

/** For what is no operator call, and would be missing in a record. @throws TorchError while calls are observed */
export function refuseInTrace(what: string, why: string): void {
  if (observer) throw new TorchError(`${what}: ${why}`);
}

/**
 * Calls an operator with arguments in the order of its schema. Undefined takes the schema's default.
 * Every operator call of the library passes through here.
 * @throws TorchError naming operator, shapes and dtypes
 */
export function call(name: string, ...inputs: Argument[]): Result {
  const op = operator(name);
  const count = op.parameters.length;
  if (inputs.length > count) throw new TorchError(`${name}: takes at most ${count} arguments, got ${inputs.length}`);
  const values = new Array<NativeValue>(count);
  if (op.writes) {
    refuseInTrace(name, 'changes a tensor in place, which a trace cannot record');
    forgetDescriptions();
  }
  let value: NativeValue;
  try {
    for (let i = 0; i < count; i++) values[i] = toNative(op.parameters[i], inputs[i]);
    value = native.callOperator(op.id, ...values);
  } catch (error) {
    throw new TorchError(`${name}: ${firstSentence(error)} (${Array.from(inputs, describe).join(', ')})`);
  }
  const single = op.results.length === 1;
  const result = single ? fromNative(op, 0, value, inputs) : manyFromNative(op, value, inputs);
  if (observer) observer({ operator: name, inputs, outputs: single ? [result] : ((result ?? []) as Result[]) });
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
  if (!Array.isArray(positional))
    throw new TorchError(`${name}: a list of arguments was expected, got ${describe(positional)}`);
  const inputs = [...positional];
  for (const [key, value] of Object.entries(checkOptions(name, named))) {
    const index = parameters.findIndex((parameter) => parameter.name === key);
    if (index < 0)
      throw new TorchError(`${name}: has no argument ${key}; it takes ${parameters.map((p) => p.name).join(', ')}`);
    if (index < positional.length) throw new TorchError(`${name}: argument ${key} is given twice`);
    inputs[index] = value;
  }
  return inputs;
}

/** The class of tensors, which needs `call` itself: `tensor.ts` names it. */
let TensorClass: new (slot: Slot) => Tensor;

export function makeTensorsOf(made: typeof TensorClass): void {
  TensorClass = made;
}

/** A new tensor for a slot of the addon, owned by the innermost scope; null where the addon has none. */
export function tensorOf(slot: number): Tensor | null {
  if (slot === 0) return null;
  const tensor = new TensorClass(slot);
  adopt(tensor);
  return tensor;
}

function fromNative(op: Operator, index: number, value: NativeValue, inputs: readonly Argument[]): Result {
  const { kind, written } = op.results[index];
  if (written >= 0) return inputs[written] as Tensor;
  if (value === null || value === undefined) return null;
  if (kind === 'Tensor') return tensorOf(value as number);
  if (kind === 'Tensor[]') return (value as number[]).map(tensorOf);
  if (kind === 'ScalarType') return dtypeName(value as number);
  return value as Result;
}

function manyFromNative(op: Operator, value: NativeValue, inputs: readonly Argument[]): Result {
  if (op.results.length === 0) return undefined;
  return op.results.map((_, i) => fromNative(op, i, (value as NativeValue[])[i], inputs));
}
