import { isDevice } from './argument.js';
import { TorchError } from './errors.js';
import { attempt, native } from './native.js';

/** Seeds libtorch's own generators (dropout and random operators), an integer from 0 to 2⁵³ − 1. @throws TorchError for another number */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new TorchError(`manualSeed: a whole number from 0 on was expected, got ${seed}`);
  native.setSeed(seed);
}

/** How many threads an operator may use on the CPU, from 1 to 4096. @throws TorchError for another number */
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

/** What libtorch runs on, asked anew at every call. */
export function runtime(): Runtime {
  const [version, cpuCapability, threads, cudaDevices] = native.runtime().split('\n');
  return { version, cpuCapability, threads: Number(threads), cudaDevices: Number(cudaDevices) };
}

/** `runtime().threads` */
export const threads = (): number => runtime().threads;
/** `runtime().cpuCapability` */
export const cpuCapability = (): string => runtime().cpuCapability;
/** `runtime().cudaDevices` */
export const cudaCount = (): number => runtime().cudaDevices;
/** Whether there is a CUDA device. */
export const cudaAvailable = (): boolean => cudaCount() > 0;

/**
 * Gives memory of the CPU that belonged to tensors, and that the allocator keeps for the next ones, back to the system: for after
 * an operation that found too little, or that was the last large one. Live tensors stay as they are.
 */
export function releaseFreeMemory(): void {
  attempt('releaseFreeMemory', () => native.releaseFreeMemory());
}

/** What tensors hold now. */
export interface Memory {
  /** Live handles of this thread. */
  readonly tensors: number;
  /** Bytes of the memory that they are on, each piece counted once. */
  readonly bytes: number;
  /** On a CUDA device, with libtorch 2.9 or newer: bytes in use, their peak, and what the allocator keeps. */
  readonly device?: { readonly allocated: number; readonly peak: number; readonly reserved: number };
}

/** Live tensors and bytes; with a CUDA device named, its allocator's figures too. @throws TorchError for a device that is none, or not there */
export function memory(device = 'cpu'): Memory {
  if (!isDevice(device)) throw new TorchError(`memory: cpu, cuda or cuda:N was expected, got ${device}`);
  const [tensors, bytes, allocated, peak, reserved] = attempt('memory', () => native.memory(device))
    .split(' ')
    .map(Number);
  return allocated === undefined ? { tensors, bytes } : { tensors, bytes, device: { allocated, peak, reserved } };
}
