import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { native } from './native.js';

/** The tensors made since the innermost `scope` began. */
export interface Frame {
  readonly made: Handle[];
  readonly parent: Frame | null;
}

let current: Frame | null = null;

/** Called for every new tensor: the innermost scope owns it, or the garbage collector where there is none. */
export function adopt(handle: Handle): void {
  handle.owner = current;
  if (current) current.made.push(handle);
  else handle.leaveToCollector();
}

/**
 * Runs `body` and frees every tensor that was made inside, except those in its result: a tensor, or arrays and plain
 * objects of them. Scopes nest. Mandatory in loops, since the garbage collector sees neither the size of tensors nor,
 * in a synchronous loop, a chance to run.
 * @throws TorchError if `body` returns a promise: what it still computes would be freed under it
 */
export function scope<T>(body: () => T): T {
  const frame: Frame = { made: [], parent: current };
  const escaping = new Set<object>();
  current = frame;
  // What lives in a scope is not the collector's business.
  if (!frame.parent) native.reportMemory(false);
  try {
    const result = body();
    refusePromise('scope', result, 'use keep() and dispose() in asynchronous code');
    collect(result, escaping);
    return result;
  } finally {
    current = frame.parent;
    for (const handle of frame.made) {
      if (handle.owner !== frame || handle.disposed) continue;
      if (escaping.has(handle)) adopt(handle);
      else handle.dispose();
    }
    if (!frame.parent) native.reportMemory(true);
  }
}

/** Takes a tensor out of its scope: it lives until it is disposed, or collected. */
export function keep<T extends Handle>(tensor: T): T {
  if (!(tensor instanceof Handle)) throw new TorchError(`keep: a tensor was expected, got ${typeof tensor}`);
  tensor.owner = null;
  tensor.leaveToCollector();
  return tensor;
}

/**
 * What a scope or a mode ends is still at work in an asynchronous function.
 * @throws TorchError for a promise, or anything else that can be awaited
 */
export function refusePromise(what: string, result: unknown, mend: string): void {
  if (!isThenable(result)) return;
  // What fails in there now fails because of this. Others than promises are left alone: some begin to work when asked.
  if (result instanceof Promise) result.catch(() => {});
  throw new TorchError(`${what}: the function returned a promise; ${mend}`);
}

const isThenable = (value: unknown): boolean =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  'then' in value &&
  typeof value.then === 'function';

// `into` has the lists and objects too, which may lead back to themselves.
function collect(value: unknown, into: Set<object>): void {
  if (typeof value !== 'object' || value === null || into.has(value)) return;
  if (value instanceof Handle) into.add(value);
  else if (Array.isArray(value) || isPlain(value)) {
    into.add(value);
    for (const element of Array.isArray(value) ? value : Object.values(value)) collect(element, into);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
