import { describe, deviceNames, isDevice, requireDevice } from './argument.js';
import { TorchError } from './errors.js';
import type { Device } from './handle.js';
import { attempt, firstSentence, native } from './native.js';
import { refuseInTrace, tensorOf } from './operator.js';
import { Tensor } from './tensor.js';

const collector = new FinalizationRegistry<number>((id) => native.releaseScript(id));

/**
 * A network that PyTorch saved with `torch.jit.save`. It runs without Python, as it was saved: weights and program are in the
 * file. `loadTorchScript` makes it.
 */
export class ScriptModule {
  readonly #path: string;
  #id: number;

  /** @internal */
  constructor(path: string, device: Device) {
    this.#path = path;
    try {
      this.#id = native.loadScript(path, device);
    } catch (error) {
      throw new TorchError(`${path}: no TorchScript that libtorch can load (${reasonOf(error)})`);
    }
    collector.register(this, this.#id, this);
  }

  /**
   * Calls its method `forward`, in evaluation mode. The same inputs give the same bits at each call. Gradients are recorded as for
   * other calls: use `noGrad`.
   * @param inputs   the first arguments
   * @param options  further arguments by name. A number becomes an int where the method wants one
   * @returns its tensors, those in tuples and lists too, in order; they belong to the innermost scope
   * @throws TorchError if the arguments do not fit, the program fails, or it returns something other than tensors
   */
  forward(inputs: readonly Tensor[], options: Readonly<Record<string, number | boolean>> = {}): Tensor[] {
    refuseInTrace('ScriptModule.forward', 'a trace cannot record what is inside of the program');
    const wrong = Array.isArray(inputs) ? inputs.find((input) => !(input instanceof Tensor)) : inputs;
    if (wrong !== undefined)
      throw new TorchError(`ScriptModule.forward: expected a list of tensors, got ${describe(wrong)}`);
    const id = this.#live();
    const slots = inputs.map((input) => input.slot);
    try {
      const made = native.runScript(id, slots, Object.keys(options), Object.values(options));
      return made.map(tensorOf).filter((result) => result !== null);
    } catch (error) {
      throw new TorchError(`${this.#path}: forward failed: ${reasonOf(error)} (${inputs.map(describe).join(', ')})`);
    }
  }

  /** Its parameters and buffers by name, without a graph. They share the memory of the module. */
  tensors(): Record<string, Tensor> {
    const id = this.#live();
    return attempt(this.#path, () => {
      const names = native.scriptNames(id).split('\n');
      const tensors = native.scriptTensors(id).map(tensorOf);
      return Object.fromEntries(tensors.flatMap((tensor, i) => (tensor ? [[names[i], tensor]] : [])));
    });
  }

  /** Frees its memory. A second call does nothing. */
  dispose(): void {
    if (this.#id < 0) return;
    native.releaseScript(this.#id);
    collector.unregister(this);
    this.#id = -1;
  }

  /** Calls `dispose()` at the end of a block that declares the module with `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #live(): number {
    if (this.#id < 0) throw new TorchError(`${this.#path}: the module was disposed`);
    return this.#id;
  }
}

/**
 * Loads a network that PyTorch saved with `torch.jit.save`. The file contains a program, so load only files that you trust.
 * @param options.device  where its weights go. Default: `cpu`
 * @throws TorchError if the file cannot be read, or is no TorchScript that this libtorch understands
 */
export function loadTorchScript(path: string, { device = 'cpu' }: { readonly device?: Device } = {}): ScriptModule {
  if (typeof path !== 'string') throw new TorchError(`loadTorchScript: expected a path, got ${describe(path)}`);
  if (!isDevice(device)) throw new TorchError(`loadTorchScript: expected ${deviceNames}, got ${String(device)}`);
  return new ScriptModule(path, requireDevice(device) as Device);
}

/** The last line of a traceback of TorchScript, or the first of another message. */
function reasonOf(error: unknown): string {
  const text = firstSentence(error);
  const failure = /^(?:\S*Error|torch\.jit\.Error): (?<reason>.+)$/m.exec(text)?.groups?.reason;
  return (failure ?? text.split('\n')[0]).trim();
}
