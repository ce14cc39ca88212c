import { requireDevice } from './argument.js';
import { type Casts, castsOf, withCasts } from './casts.js';
import type { Device } from './handle.js';
import { noGrad } from './modes.js';
import { attempt, native } from './native.js';
import { refuseInTrace, tensorOf } from './operator.js';
import { scope } from './scope.js';
import type { Tensor } from './tensor.js';

/** A part of a pass that runs again in the backward pass. */
interface Part {
  readonly again: () => readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** what libtorch's generator was before the part */
  readonly random: Tensor;
  readonly device: Device;
  /** `autocast` as it was */
  readonly casts: Casts;
}

/**
 * Saves memory of activations in training (Chen et al. 2016, "Training deep nets with sublinear memory cost"). A part of a pass
 * keeps only its inputs and outputs. The backward pass runs it a second time, with its graph. The gradients are the same, bit
 * for bit, also with dropout and `autocast`: the second run gets the same random numbers and casts.
 *
 *     const recomputation = new Recomputation();
 *     let x = input;
 *     for (const layer of layers) [x] = recomputation.run([x], ([given]) => [layer.forward(given)]);
 *     recomputation.backward(x.mean());
 *
 * One object serves one backward pass. Call it in a `scope`, which frees what it keeps.
 */
export class Recomputation {
  #parts: Part[] = [];
  /** Tensors with a graph of their own that enter a part, with the leaf that stands for each. */
  #entries = new Map<Tensor, Tensor>();
  readonly #leaves = new Set<Tensor>();

  /**
   * Runs a part of a pass without its graph. Tensors that `body` makes are freed, except its results.
   * @param inputs  every tensor with a gradient that the part uses, except parameters
   * @param body    computes floats from the inputs. It runs a second time, so it must not change anything
   * @returns the results of `body`. They have no graph: call `backward` of this object, not of the loss
   */
  run(inputs: readonly Tensor[], body: (inputs: readonly Tensor[]) => readonly Tensor[]): Tensor[] {
    const given = inputs.map((input) => this.#leafOf(input));
    const { device } = inputs[0];
    const random = stateOf(device);
    const made = noGrad(() =>
      scope(() => body(given).map((output) => (given.includes(output) ? output : output.detach()))),
    );
    for (const output of made) this.#own(output);
    this.#parts.push({ again: () => body(given), outputs: made, random, device, casts: castsOf(device) });
    return made;
  }

  /**
   * The backward pass from a loss: adds the gradients to the `grad` of all parameters. libtorch's generator is afterwards as
   * before.
   * @param loss a single number
   * @throws TorchError if the loss has no graph, or inside a trace
   */
  backward(loss: Tensor): void {
    loss.backward();
    const last = this.#parts.at(-1);
    const random = last && stateOf(last.device);
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      const { again, outputs, device, casts } = part;
      setState(device, part.random);
      scope(() => {
        const results = withCasts(casts, again);
        const used = outputs.flatMap((output, i) => (output !== results[i] && output.grad ? [i] : []));
        back(
          used.map((i) => results[i]),
          used.map((i) => outputs[i].grad),
        );
        for (const i of used) outputs[i].grad = null;
      });
    }
    if (last && random) setState(last.device, random);
    scope(() => {
      const entered = [...this.#entries].filter(([source, leaf]) => source.requiresGrad && leaf.grad);
      back(
        entered.map(([source]) => source),
        entered.map(([, leaf]) => leaf.grad),
      );
    });
  }

  /** The leaf that collects the gradient of an input: itself if a part made it. */
  #leafOf(input: Tensor): Tensor {
    if (this.#leaves.has(input)) return input;
    const known = this.#entries.get(input);
    if (known) return known;
    const leaf = this.#own(input.detach());
    this.#entries.set(input, leaf);
    return leaf;
  }

  #own(tensor: Tensor): Tensor {
    tensor.requiresGrad = true;
    this.#leaves.add(tensor);
    return tensor;
  }
}

/** The backward pass from several tensors at once, with a gradient for each. */
function back(tensors: readonly Tensor[], gradients: readonly (Tensor | null)[]): void {
  if (tensors.length === 0) return;
  attempt('backward of a recomputed part', () =>
    native.backward(
      tensors.map(({ slot }) => slot),
      gradients.map((gradient) => gradient?.slot ?? 0),
      false,
    ),
  );
}

/** The state of libtorch's generator for a device. */
function stateOf(device: Device): Tensor {
  refuseInTrace('Recomputation', 'a trace records a forward pass only');
  const state = attempt('Recomputation', () => tensorOf(native.randomState(requireDevice(device))));
  if (!state) throw new TypeError('a generator without a state');
  return state;
}

const setState = (device: Device, state: Tensor): void =>
  attempt('Recomputation', () => native.setRandomState(requireDevice(device), state.slot));
