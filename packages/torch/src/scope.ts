import { TorchError } from './errors.js';
import { Handle } from './handle.js';
import { native } from './native.js';

/** A scope: the tensors made in it, and the scope around it. */
export interface Frame {
  readonly made: Handle[];
  readonly parent: Frame | null;
}

let current: Frame | null = null;

/** Is called for every new tensor. The innermost scope owns it; without a scope the garbage collector does. */
export function adopt(handle: Handle): void {
  handle.owner = current;
  if (current) current.made.push(handle);
  else handle.leaveToCollector();
}

/**
 * Runs `body` and frees every tensor that it made, except the tensors in its result. The result may be a tensor, or arrays and
 * plain objects of tensors. Scopes nest. Use one in every loop, because the garbage collector does not run in a synchronous
 * loop.
 * @throws TorchError if `body` returns a promise, because its tensors would be freed while it still runs
 */
export function scope<T>(body: () => T): T {
  const frame: Frame = { made: [], parent: current };
  const escaping = new Set<object>();
  current = frame;
  // The scope frees its tensors, so V8 need not know of their memory.
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

/** Takes a tensor out of its scope: it lives until it is disposed or collected. @throws TorchError if it is no tensor */
export function keep<T extends Handle>(tensor: T): T {
  if (!(tensor instanceof Handle)) throw new TorchError(`keep: expected a tensor, got ${typeof tensor}`);
  tensor.owner = null;
  tensor.leaveToCollector();
  return tensor;
}

/**
 * Refuses an asynchronous function, which would outlive its scope or mode.
 * @throws TorchError if the result is a promise or has a method `then`
 */
export function refusePromise(what: string, result: unknown, mend: string): void {
  if (!isThenable(result)) return;
  // The promise may fail because of this error, so its own rejection is ignored. Other thenables are not touched: some start
  // to work when `then` is called.
  if (result instanceof Promise) result.catch(() => {});
  throw new TorchError(`${what}: the function returned a promise; ${mend}`);
}

const isThenable = (value: unknown): boolean =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  'then' in value &&
  typeof value.then === 'function';

// `into` holds lists and objects too, because they may contain themselves.
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
