import { isDevice } from './argument.js';
import { dtypeCode } from './dtype.js';
import { TorchError } from './errors.js';
import { attempt, native } from './native.js';
import { tensorOf } from './operator.js';
import { refusePromise } from './scope.js';
import type { Tensor } from './tensor.js';

/** Runs `body` without recording for gradients. @throws TorchError if it returns a promise */
export function noGrad<T>(body: () => T): T {
  const before = native.setGradMode(false);
  try {
    const result = body();
    refusePromise('noGrad', result, 'what comes after an await would be recorded');
    return result;
  } finally {
    native.setGradMode(before !== 0);
  }
}

/**
 * Runs `body` with products and the like in a narrower dtype, by libtorch's own lists. Calls nest.
 * @param device  `cpu` or `cuda`
 * @param dtype   `bfloat16`, or `float16`
 * @throws TorchError if it returns a promise
 */
export function autocast<T>(device: 'cpu' | 'cuda', dtype: 'bfloat16' | 'float16', body: () => T): T {
  if (device !== 'cpu' && device !== 'cuda') throw new TorchError(`autocast: cpu or cuda was expected, got ${device}`);
  if (dtype !== 'bfloat16' && dtype !== 'float16')
    throw new TorchError(`autocast: bfloat16 or float16 was expected, got ${dtype}`);
  const before = native.setAutocast(device, dtypeCode(dtype));
  try {
    const result = body();
    refusePromise('autocast', result, 'what comes after an await would not be cast');
    return result;
  } finally {
    native.setAutocast(device, before);
  }
}

/**
 * d sum(outputs·gradients) / d inputs, without touching any `grad`; null where an input was not used.
 * @param options.createGraph  record the computation, so that the result can be differentiated again
 */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  { gradOutputs = [] as readonly Tensor[], retainGraph = false, createGraph = false } = {},
): (Tensor | null)[] {
  const slots = (tensors: readonly Tensor[]): number[] => tensors.map((tensor) => tensor.slot);
  const made = attempt('gradients', () =>
    native.gradients(slots(outputs), slots(inputs), slots(gradOutputs), retainGraph || createGraph, createGraph),
  );
  return made.map(tensorOf);
}

/** Seeds libtorch's own generators (dropout and random operators), an integer from 0 to 2⁵³ − 1. */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new TorchError(`manualSeed: a whole number from 0 on was expected, got ${seed}`);
  native.setSeed(seed);
}

/** How many threads an operator may use on the CPU, from 1 on. */
export function setThreads(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > 4096)
    throw new TorchError(`setThreads: a whole number from 1 to 4096 was expected, got ${count}`);
  attempt('setThreads', () => native.setThreads(count));
}

/** What libtorch runs on. */
export interface Runtime {
  readonly version: string;
  /** The widest vector instructions that libtorch's kernels use here: DEFAULT, AVX2, AVX512, … */
  readonly cpuCapability: string;
  readonly threads: number;
  readonly cudaDevices: number;
}

export function runtime(): Runtime {
  const [version, cpuCapability, threads, cudaDevices] = native.runtime().split('\n');
  return { version, cpuCapability, threads: Number(threads), cudaDevices: Number(cudaDevices) };
}

export const threads = (): number => runtime().threads;
export const cpuCapability = (): string => runtime().cpuCapability;
export const cudaCount = (): number => runtime().cudaDevices;
export const cudaAvailable = (): boolean => cudaCount() > 0;

/** What tensors hold now. */
export interface Memory {
  /** Live handles of this thread. */
  readonly tensors: number;
  /** Bytes of the memory that they are on, each piece counted once. */
  readonly bytes: number;
  /** On a CUDA device: bytes in use, their peak, and what the allocator keeps. */
  readonly device?: { readonly allocated: number; readonly peak: number; readonly reserved: number };
}

/** Live tensors and bytes; with a CUDA device named, its allocator's figures too. */
export function memory(device = 'cpu'): Memory {
  if (!isDevice(device)) throw new TorchError(`memory: cpu, cuda or cuda:N was expected, got ${device}`);
  const [tensors, bytes, allocated, peak, reserved] = attempt('memory', () => native.memory(device))
    .split(' ')
    .map(Number);
  return allocated === undefined ? { tensors, bytes } : { tensors, bytes, device: { allocated, peak, reserved } };
}
