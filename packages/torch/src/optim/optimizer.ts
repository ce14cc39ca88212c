import { checkOptions, describe } from '../argument.js';
import { tensor, zeros } from '../create.js';
import { TorchError } from '../errors.js';
import { noGrad } from '../modes.js';
import type { Module } from '../module.js';
import { call } from '../operator.js';
import { checked, notNegative, whole } from '../range.js';
import { keep, scope } from '../scope.js';
import { Tensor } from '../tensor.js';
import { type Named, parametersOf } from './parameters.js';

/** The parameters that a step moves. */
export interface Moving {
  /** positions among all parameters, in order */
  readonly indices: readonly number[];
  /** one for each index, contiguous */
  readonly gradients: readonly Tensor[];
  /** factor of the learning rates */
  readonly lrScale: number;
  /** number of this update, from 1 */
  readonly update: number;
}

/**
 * Changes parameters in place by their gradients. A training step is:
 *
 *     optimizer.zeroGrad();
 *     scope(() => lossOf(network).backward());
 *     optimizer.step();
 *
 * A step leaves a parameter without a gradient as it is. A parameter with several names (tied weights) moves once, and its state
 * has the first name. The state is kept on the devices of the parameters, so make the
 * optimiser after `network.to(device)`.
 */
export abstract class Optimizer {
  /** Learning rate. It may be set between steps. */
  lr: number;
  /** Number of updates made. Adam's correction of the moments depends on it. */
  updates = 0;
  /** @internal */
  protected readonly names: readonly string[];
  /** @internal */
  protected readonly parameters: readonly Tensor[];
  readonly #name: string;
  readonly #places: readonly string[];

  /** @internal */
  constructor(given: Module | Named, lr: number) {
    this.#name = new.target.name;
    const named = parametersOf(this.#name, given);
    this.names = Object.keys(named);
    this.parameters = Object.values(named);
    for (const [i, parameter] of this.parameters.entries())
      if (!isContiguous(parameter))
        throw new TorchError(`${this.#name}: ${this.names[i]} is not contiguous; make the parameter by contiguous()`);
    this.#places = this.parameters.map(placeOf);
    this.lr = checked(`${this.#name}: lr`, lr, notNegative);
  }

  /** The live tensors of the state by name, such as `momentum.0.weight`. `state` adds the number of updates. */
  abstract readonly tensors: Named;

  /** Moves parameters; is called in `noGrad` and `scope`. @internal */
  abstract move(moving: Moving): void;

  /**
   * Makes one update by the gradients that `backward` left on the parameters.
   * @param options.lrScale  factor of all learning rates in this step, for a schedule. Default: 1
   * @throws TorchError if no parameter has a gradient, or a parameter has moved to another device or dtype
   */
  step({ lrScale = 1 }: { readonly lrScale?: number } = {}): void {
    checked(`${this.#name}.step: lrScale`, lrScale, notNegative);
    checked(`${this.#name}.step: lr`, this.lr, notNegative);
    scope(() =>
      noGrad(() => {
        const indices: number[] = [];
        const gradients: Tensor[] = [];
        for (const [i, parameter] of this.parameters.entries()) {
          if (placeOf(parameter) !== this.#places[i])
            throw new TorchError(
              `${this.#name}.step: ${this.names[i]} was ${this.#places[i]} and is ${placeOf(parameter)}; ` +
                'make the optimiser after moving the network',
            );
          const { grad } = parameter;
          if (!grad) continue;
          indices.push(i);
          gradients.push(grad.contiguous());
        }
        if (indices.length === 0)
          throw new TorchError(`${this.#name}.step: no parameter has a gradient; call backward first`);
        this.move({ indices, gradients, lrScale, update: this.updates + 1 });
      }),
    );
    this.updates++;
  }

  /** Drops the gradients of all parameters. Otherwise the next `backward` adds to them. */
  zeroGrad(): void {
    for (const parameter of this.parameters) parameter.grad = null;
  }

  /** The state by name: the live tensors, and the number of updates as `updates` (int64). Write it with `writeSafetensors`. */
  state(): Record<string, Tensor> {
    return { ...this.tensors, updates: tensor([this.updates], { dtype: 'int64' }) };
  }

  /**
   * Copies a state of the same optimiser over the same parameters. The next steps are equal to the bit.
   * @throws TorchError if a tensor is missing, unknown or has another shape; then nothing is changed
   */
  load(state: Named): void {
    const what = `${this.#name}.load`;
    const { updates, ...given } = checkOptions(what, state);
    if (!(updates instanceof Tensor) || updates.size !== 1)
      throw new TorchError(`${what}: updates must be a tensor of one number, got ${describe(updates)}`);
    const made = checked(`${what}: updates`, updates.item(), whole(2 ** 53));
    for (const [name, value] of Object.entries(given)) {
      if (!Object.hasOwn(this.tensors, name)) throw new TorchError(`${what}: this optimiser has no ${name}`);
      if (!(value instanceof Tensor)) throw new TorchError(`${what}: ${name} must be a tensor, got ${describe(value)}`);
    }
    for (const [name, { shape }] of Object.entries(this.tensors)) {
      if (!Object.hasOwn(given, name)) throw new TorchError(`${what}: ${name} is missing`);
      if (given[name].shape.join() !== shape.join())
        throw new TorchError(
          `${what}: ${name} is [${given[name].shape.join(', ')}], but the optimiser needs [${shape.join(', ')}]`,
        );
    }
    scope(() =>
      noGrad(() => {
        for (const [name, own] of Object.entries(this.tensors)) own.copy_(given[name]);
      }),
    );
    this.updates = made;
  }
}

/** Zeros for each parameter, for a state. No scope frees them. */
export const zerosFor = (parameters: readonly Tensor[]): Tensor[] =>
  parameters.map(({ shape, dtype, device }) => keep(zeros(shape, { dtype, device })));

/** State tensors under names such as `mean.0.weight`. */
export const prefixed = (kind: string, names: readonly string[], tensors: readonly Tensor[]): Named =>
  Object.fromEntries(names.map((name, i) => [`${kind}.${name}`, tensors[i]]));

const placeOf = ({ dtype, device }: Tensor): string => `${dtype} on ${device}`;

/** Whether the elements are in row-major order without gaps. The fused kernels of libtorch need it and do not check it. */
function isContiguous(parameter: Tensor): boolean {
  let expected = 1;
  for (let dim = parameter.shape.length - 1; dim >= 0; dim--) {
    const size = parameter.shape[dim];
    if (size !== 1 && call('aten::stride.int', parameter, dim) !== expected) return false;
    expected *= size;
  }
  return true;
}
