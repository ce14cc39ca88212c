import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
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
  /** The default of each argument of an operator; undefined for an argument without one. */
  defaultsOf(id: number): NativeValue[];
  /** The most bytes that all tensors of the process may have together on the CPU. */
  limitMemory(bytes: number): void;
  /** Throws unless the limit leaves so many bytes beside the tensors. */
  requireMemory(bytes: number): void;
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
 * libtorch computes with libgomp, whose threads spin while they wait for each other. Its own count of spins, 300,000, is a
 * disaster where other programs want the same cores. A small count gives the core away at once, and the thread wakes late.
 * So the count is a compromise: as fast as libgomp's own on a quiet machine, and never slower than it on a busy one. The
 * command `node bench/waitingThreads.mjs` prints the table behind it. On two cores of an AMD processor with AVX-512, a training
 * step of emoji-64 takes these milliseconds, alone / beside 1 / beside 3 busy processes:
 *
 *     1,000: 122 / 254 / 415    6,000: 115 / 410 / 467    300,000: 112 / 379 / 1,275
 *
 * libgomp reads the setting when it is loaded. A setting of the user has precedence. A worker's environment is a copy: if a
 * worker loads the library first, libgomp's own count holds.
 */
export const spinCount = '6000';

function waitBriefly<T>(loading: () => T): T {
  const { env } = process;
  if (env.GOMP_SPINCOUNT !== undefined || env.OMP_WAIT_POLICY !== undefined) return loading();
  env.GOMP_SPINCOUNT = spinCount;
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
native.limitMemory(memoryLimit());

/** Bytes of memory that a container may use; without a container, the machine's memory and swap. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  if (constrained > 0 && constrained < totalmem()) return constrained;
  return totalmem() + swapSize();
}

function swapSize(): number {
  try {
    return 1024 * Number(/^SwapTotal:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // a system that does not tell
  }
}

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
