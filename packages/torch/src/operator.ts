import { type Argument, checkOptions, describe, toNative } from './argument.js';
import { dtypeName } from './dtype.js';
import { TorchError } from './errors.js';
import { forgetDescriptions } from './handle.js';
import { firstSentence, type NativeValue, native, type Slot } from './native.js';
import { type Operator, operator } from './schema.js';
import { adopt } from './scope.js';
import type { Tensor } from './tensor.js';

/** The result of an operator, as JavaScript sees it. */
export type Result = Tensor | number | boolean | string | null | undefined | Result[];

/** One observed call: the operator's name, its arguments in the order of the schema, and its results. */
export interface Observation {
  readonly operator: string;
  readonly inputs: readonly Argument[];
  readonly outputs: readonly Result[];
}
type Observer = (observation: Observation) => void;
let observer: Observer | null = null;

/** Sets the observer of all operator calls, for `trace`. @returns the previous observer */
export function observe(next: Observer | null): Observer | null {
  const before = observer;
  observer = next;
  return before;
}

/** Whether a trace records the operators. */
export const isObserved = (): boolean => observer !== null;

/** Runs `run` without the observer: a trace does not record its calls. */
export function unobserved<T>(run: () => T): T {
  const before = observe(null);
  try {
    return run();
  } finally {
    observe(before);
  }
}

/** Refuses a call that a trace cannot record. @throws TorchError inside a trace */
export function refuseInTrace(what: string, why: string): void {
  if (observer) throw new TorchError(`${what}: ${why}`);
}

/**
 * Calls an operator with arguments in the order of its schema. Undefined takes the schema's default.
 * Every operator call of the library goes through this function.
 * @throws TorchError if an argument does not fit or the operator fails; it names the operator, shapes and dtypes
 */
export function call(name: string, ...inputs: Argument[]): Result {
  const op = operator(name);
  const count = op.parameters.length;
  if (inputs.length > count) throw new TorchError(`${name}: expected at most ${count} arguments, got ${inputs.length}`);
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

/** Calls an operator whose only result is a tensor. */
export function callTensor(name: string, ...inputs: Argument[]): Tensor {
  return call(name, ...inputs) as Tensor;
}

/** Puts named arguments at their positions in the schema. @throws TorchError if a name is unknown or given twice */
export function placeNamed(
  name: string,
  positional: readonly Argument[],
  named: Readonly<Record<string, Argument>>,
): Argument[] {
  const { parameters } = operator(name);
  if (!Array.isArray(positional))
    throw new TorchError(`${name}: expected a list of arguments, got ${describe(positional)}`);
  const inputs = [...positional];
  for (const [key, value] of Object.entries(checkOptions(name, named))) {
    const index = parameters.findIndex((parameter) => parameter.name === key);
    if (index < 0)
      throw new TorchError(
        `${name}: unknown argument ${key}; expected one of ${parameters.map((p) => p.name).join(', ')}`,
      );
    if (index < positional.length) throw new TorchError(`${name}: argument ${key} is given twice`);
    inputs[index] = value;
  }
  return inputs;
}

/** Makes a tensor. `tensor.ts` sets it, because it imports this file. */
let makeTensor: (slot: Slot) => Tensor;

export function makeTensorsWith(make: typeof makeTensor): void {
  makeTensor = make;
}

/** A new tensor for a slot of the addon, owned by the innermost scope; null for slot 0. */
export function tensorOf(slot: number): Tensor | null {
  if (slot === 0) return null;
  const tensor = makeTensor(slot);
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
