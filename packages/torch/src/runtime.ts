import { deviceNames, isDevice, requireDevice } from './argument.js';
import { TorchError } from './errors.js';
import { attempt, native } from './native.js';
import { restart } from './random.js';

/**
 * Seeds libtorch's own generators (dropout and random operators). It also seeds all draws that have no seed of their own: `rand`,
 * `randn`, `randint`, `randperm`, and the initial values of layers.
 * @throws TorchError if the seed is not an integer from 0 to 2⁵³ − 1
 */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new TorchError(`manualSeed: expected a whole number from 0 to 2^53 - 1, got ${seed}`);
  native.setSeed(seed);
  restart(seed);
}

/** Sets how many threads an operator may use on the CPU. @throws TorchError if the count is not an integer from 1 to 4096 */
export function setThreads(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1 || count > 4096)
    throw new TorchError(`setThreads: expected a whole number from 1 to 4096, got ${count}`);
  attempt('setThreads', () => native.setThreads(count));
}

/** The version and the hardware that libtorch uses. */
export interface Runtime {
  readonly version: string;
  /** The widest vector instructions that libtorch's kernels use here: DEFAULT, AVX2, AVX512, … */
  readonly cpuCapability: string;
  readonly threads: number;
  readonly cudaDevices: number;
  /** Whether there is the device `mps`: the GPU of an Apple processor, with macOS. */
  readonly mps: boolean;
}

/** The version and the hardware that libtorch uses now. */
export function runtime(): Runtime {
  const [version, cpuCapability, threads, cudaDevices, mps] = native.runtime().split('\n');
  return { version, cpuCapability, threads: Number(threads), cudaDevices: Number(cudaDevices), mps: mps === '1' };
}

/** `runtime().threads` */
export const threads = (): number => runtime().threads;
/** `runtime().cpuCapability` */
export const cpuCapability = (): string => runtime().cpuCapability;
/** `runtime().cudaDevices` */
export const cudaCount = (): number => runtime().cudaDevices;
/** Whether there is a CUDA device. */
export const cudaAvailable = (): boolean => cudaCount() > 0;
/** `runtime().mps` */
export const mpsAvailable = (): boolean => runtime().mps;

/**
 * Returns free CPU memory to the system. The allocator keeps the memory of freed tensors for later ones. Call this after the
 * last large operation, or after one that ran out of memory. Live tensors do not change. On Linux on 64-bit Arm, libtorch keeps
 * most of it.
 */
export function releaseFreeMemory(): void {
  attempt('releaseFreeMemory', () => native.releaseFreeMemory());
}

/** The number of live tensors, and their memory. */
export interface Memory {
  /** Live handles of this thread. */
  readonly tensors: number;
  /** Bytes of their memory; memory that several tensors share counts once. */
  readonly bytes: number;
  /** On a CUDA device, with libtorch 2.9 or newer: bytes in use, their peak, and bytes that the allocator holds. */
  readonly device?: { readonly allocated: number; readonly peak: number; readonly reserved: number };
}

/**
 * Live tensors and their bytes. For a CUDA device its allocator's figures too.
 * @throws TorchError if the name is no device, or the device does not exist
 */
export function memory(device = 'cpu'): Memory {
  if (!isDevice(device)) throw new TorchError(`memory: expected ${deviceNames}, got ${device}`);
  const [tensors, bytes, allocated, peak, reserved] = attempt('memory', () => native.memory(requireDevice(device)))
    .split(' ')
    .map(Number);
  return allocated === undefined ? { tensors, bytes } : { tensors, bytes, device: { allocated, peak, reserved } };
}
