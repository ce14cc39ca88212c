import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { TorchError } from './errors.js';

/** The number of a slot in the addon that holds a tensor; 0 = none. */
export type Slot = number;

/** What crosses the boundary; `src/argument.ts` has checked every value before. */
export type NativeValue = undefined | null | number | bigint | boolean | string | NativeValue[];

/** The functions of the addon (`native/context.h`). */
export interface Native {
  /** Filled by `describe`: dtype, device type, device index, requires grad, dimensions, sizes. */
  readonly description: Float64Array;
  lookUp(name: string, overload: string): string;
  callOperator(id: number, ...values: NativeValue[]): NativeValue;
  fromBytes(array: ArrayBufferView, dtype: number, device: string, shape: readonly number[]): Slot;
  toBytes(tensor: Slot, array: ArrayBufferView): void;
  /** Bytes of a tensor's elements. */
  byteLength(tensor: Slot): number;
  /** Bytes of a contiguous tensor on the CPU, from `offset` on: as many as the array has. */
  copyIn(tensor: Slot, offset: number, from: Uint8Array): void;
  copyOut(tensor: Slot, offset: number, to: Uint8Array): void;
  /** The memory of a contiguous tensor on the CPU, which it keeps alive. */
  share(tensor: Slot): ArrayBuffer;
  describe(tensor: Slot): void;
  release(tensor: Slot): void;
  /** Whether V8 is told how much memory the tensors hold. */
  reportMemory(whether: boolean): void;
  item(tensor: Slot): number;
  backward(tensors: Slot[], gradients: Slot[], retainGraph: boolean): void;
  gradients(outputs: Slot[], inputs: Slot[], grads: Slot[], retainGraph: boolean, createGraph: boolean): Slot[];
  getGrad(tensor: Slot): Slot;
  setGrad(tensor: Slot, grad: Slot): void;
  setRequiresGrad(tensor: Slot, required: boolean): void;
  setGradMode(enabled: boolean): number;
  /** Dtype -1 = none; returns what it was. */
  setAutocast(device: string, dtype: number): number;
  setSeed(seed: number): void;
  setThreads(count: number): void;
  releaseFreeMemory(): void;
  runtime(): string;
  memory(device: string): string;
  philoxNormals(out: Slot, seed: number, purpose: number, step: number, samples: number[]): void;
  startProfile(): void;
  /** One line a kind of call: "calls nanoseconds name", then, each after a tab, the sizes of its tensors. */
  stopProfile(): string;
}

const path = fileURLToPath(new URL('../../build/rin_torch.node', import.meta.url));

/** What builds it: of an installed package its own command, in a clone the clone's. */
const setUp = path.includes('/node_modules/') ? 'npx rin-torch-setup' : 'npm run setup';

/**
 * By default idle threads of libgomp, which libtorch computes with, spin for long where they wait for each other. That is
 * no faster (a training step of a small network: 37 ms either way, alone on two cores), and where anything else wants the
 * cores, such as a data loader, everything waits: 600 small steps took 45 s instead of 2 beside three busy processes. The
 * setting is read while the library is loaded, and left to the user where there is one. (A worker's environment is a copy:
 * where a worker loads the library first, libgomp's own default holds.)
 */
function waitBriefly<T>(loading: () => T): T {
  const { env } = process;
  if (env.GOMP_SPINCOUNT !== undefined || env.OMP_WAIT_POLICY !== undefined) return loading();
  env.GOMP_SPINCOUNT = '1000';
  try {
    return loading();
  } finally {
    delete env.GOMP_SPINCOUNT;
  }
}

function load(): Native {
  if (!existsSync(path)) throw new TorchError(`the native part is not built yet (${path}): run \`${setUp}\``);
  try {
    return waitBriefly(() => createRequire(import.meta.url)(path) as Native);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TorchError(`the native part cannot be loaded: ${reason}; run \`${setUp}\` to build it anew`);
  }
}

export const native = load();

/** Runs a native function, turning what it throws into a TorchError that begins with `what`. */
export function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new TorchError(`${what}: ${firstSentence(error)}`);
  }
}

/** libtorch's own message without the C++ details that follow its first lines. */
export function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const end = text.search(/\n(?:Exception raised from|CUDA kernel errors might|For debugging consider)/);
  return (end < 0 ? text : text.slice(0, end)).trim();
}
