import { describe } from '../argument.js';
import { TorchError } from '../errors.js';
import { Module } from '../module.js';
import type { Tensor } from '../tensor.js';

/** A module with a pass from one tensor to another. */
export type Layer = Module & { forward(x: Tensor): Tensor };

/**
 * Layers and functions, one after the other: `new Sequential(new Linear(2, 64), (x) => x.tanh(), new Linear(64, 1))`. As in
 * PyTorch, the names of the parameters begin with the position: `0.weight`, `0.bias`, `2.weight`, `2.bias`.
 */
export class Sequential extends Module {
  readonly #steps: readonly ((x: Tensor) => Tensor)[];

  /** @throws TorchError if an argument is neither a function nor a module with `forward` */
  constructor(...layers: readonly (Layer | ((x: Tensor) => Tensor))[]) {
    super();
    this.#steps = layers.map((layer, position) => {
      if (typeof layer === 'function') return layer;
      if (!(layer instanceof Module) || typeof layer.forward !== 'function')
        throw new TorchError(
          `Sequential: argument ${position} must be a function or a module with forward, got ${describe(layer)}`,
        );
      Object.defineProperty(this, position, { value: layer, enumerable: true });
      return (x) => layer.forward(x);
    });
  }

  /** x, through all layers. @throws TorchError if a layer refuses its input */
  forward(x: Tensor): Tensor {
    return this.#steps.reduce((value, step) => step(value), x);
  }
}
