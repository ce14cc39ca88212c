import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { TorchError } from './errors.js';

/** The number of a slot in the addon that holds a tensor; 0 = none. */
export type Slot = number;

/** A value that is passed to or from the addon. `src/argument.ts` checks every value before. */
export type NativeValue = undefined | null | number | bigint | boolean | string | NativeValue[];

/** The functions of the addon (`native/context.h`). */
export interface Native {
  /** Filled by `describe`: dtype, device type, device index, requires grad, dimensions, sizes. */
  readonly description: Float64Array;
  lookUp(name: string, overload: string): string;
  callOperator(id: number, ...values: NativeValue[]): NativeValue;
  /** The default of each argument of an operator; undefined for an argument without one. */
  defaultsOf(id: number): NativeValue[];
  /** Limits the bytes that all tensors of the process have together on the CPU. */
  limitMemory(bytes: number): void;
  /** Throws if the tensors and this many more bytes would exceed the limit. */
  requireMemory(bytes: number): void;
  fromBytes(array: ArrayBufferView, dtype: number, device: string, shape: readonly number[]): Slot;
  toBytes(tensor: Slot, array: ArrayBufferView): void;
  /** Bytes of a tensor's elements. */
  byteLength(tensor: Slot): number;
  /** Copies bytes into a contiguous tensor on the CPU, from `offset` on: as many as the array has. `copyOut` reverses it. */
  copyIn(tensor: Slot, offset: number, from: Uint8Array): void;
  copyOut(tensor: Slot, offset: number, to: Uint8Array): void;
  /** The memory of a contiguous tensor on the CPU. The buffer keeps it alive. */
  share(tensor: Slot): ArrayBuffer;
  describe(tensor: Slot): void;
  release(tensor: Slot): void;
  /** Whether the addon reports the tensors' memory to V8. */
  reportMemory(whether: boolean): void;
  item(tensor: Slot): number;
  backward(tensors: Slot[], gradients: Slot[], retainGraph: boolean): void;
  gradients(outputs: Slot[], inputs: Slot[], grads: Slot[], retainGraph: boolean, createGraph: boolean): Slot[];
  getGrad(tensor: Slot): Slot;
  setGrad(tensor: Slot, grad: Slot): void;
  setRequiresGrad(tensor: Slot, required: boolean): void;
  setGradMode(enabled: boolean): number;
  /** Dtype −1 turns autocast off. Returns the previous dtype, or −1. */
  setAutocast(device: string, dtype: number): number;
  setSeed(seed: number): void;
  /** The state of the generator of a device, as bytes. */
  randomState(device: string): Slot;
  setRandomState(device: string, state: Slot): void;
  setThreads(count: number): void;
  releaseFreeMemory(): void;
  runtime(): string;
  memory(device: string): string;
  philoxNormals(out: Slot, seed: number, purpose: number, step: number, samples: number[]): void;
  /** Like philoxNormals, for the 32-bit words of the generator; `out` is int32. */
  philoxWords(out: Slot, seed: number, purpose: number, step: number, samples: number[]): void;
  /** Loads a file of TorchScript. Returns its number. */
  loadScript(path: string, device: string): number;
  runScript(id: number, inputs: Slot[], names: string[], values: (number | boolean)[]): Slot[];
  /** The names of parameters and buffers, one a line; `scriptTensors` returns these tensors. */
  scriptNames(id: number): string;
  scriptTensors(id: number): Slot[];
  releaseScript(id: number): void;
  /** Several operators as one; an empty list if libtorch must compute them (`native/replacements.cc`). */
  fused(name: string, tensors: Slot[], numbers: readonly number[]): Slot[];
  /** Off: libtorch computes an operator that the addon computes in a faster way, for comparisons. Returns the previous value. */
  setReplacement(operator: string, whether: boolean): number;
  startProfile(): void;
  /** One line for each kind of call: "calls nanoseconds name", then the sizes of its tensors, each after a tab. */
  stopProfile(): string;
  /** What a group of processes can use, separated by blanks: gloo, nccl. Empty without c10d. */
  backends(): string;
  /** Resolves with the number of the group. */
  openGroup(
    host: string,
    port: number,
    hostsStore: boolean,
    rank: number,
    size: number,
    prefix: string,
    timeout: number,
    usesCuda: boolean,
  ): Promise<string>;
  collective(group: number, kind: string, tensors: Slot[], root: number): Promise<string>;
  publish(group: number, key: string, text: string): Promise<string>;
  /** The text that a rank publishes. It waits as long as the rank lives. */
  awaitKey(group: number, key: string, rank: number): Promise<string>;
  /** Which ranks are missing after a call that failed (`native/distributed.cc`). */
  rollCall(group: number): Promise<string>;
  closeGroup(group: number): Promise<string>;
}

const path = fileURLToPath(new URL('../../build/rin_torch.node', import.meta.url));

/** The command that builds the addon: in an installed package, and in a clone. */
const setUp = path.includes('/node_modules/') ? 'npx rin-torch-setup' : 'npm run setup';

/**
 * The value of GOMP_SPINCOUNT that this package sets. libtorch computes with libgomp, whose threads spin while they wait for
 * each other. libgomp's default of 300,000 spins is very slow when other programs need the same cores. With a small count a
 * thread gives up its core at once, but wakes late. This value is a compromise: about as fast as the default on a quiet machine,
 * and faster on a very busy one. `node bench/waitingThreads.mjs` measures it. A training step of emoji-64 takes these
 * milliseconds on two cores of an AMD processor with AVX-512, next to 0 / 1 / 3 busy processes:
 *
 *     1,000: 136 / 257 / 459    6,000: 125 / 413 / 524    300,000: 122 / 450 / 1,058
 *
 * libgomp reads the variable when it is loaded. A value that the user has set is kept. A worker's environment is a copy, so if
 * a worker loads the library first, libgomp uses its default.
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
  if (!existsSync(path)) throw new TorchError(`the native addon is not built (${path}): run \`${setUp}\``);
  try {
    return waitBriefly(() => createRequire(import.meta.url)(path) as Native);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TorchError(`the native addon cannot be loaded: ${reason}; run \`${setUp}\` to build it again`);
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
    return 0; // not Linux, or no /proc
  }
}

/** Runs a native function. An error becomes a TorchError whose message begins with `what`. */
export function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new TorchError(`${what}: ${firstSentence(error)}`);
  }
}

/** libtorch's own message, without the C++ details after it. */
export function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const end = text.search(/\n(?:Exception raised from|CUDA kernel errors might|For debugging consider)/);
  return (end < 0 ? text : text.slice(0, end)).trim();
}
