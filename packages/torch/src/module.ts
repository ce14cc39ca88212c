import type { Dtype } from './dtype.js';
import { TorchError } from './errors.js';
import type { Device } from './handle.js';
import { noGrad } from './modes.js';
import { call } from './operator.js';
import { Tensor } from './tensor.js';

/**
 * A part of a network. Its public properties that are tensors are its parameters; those that are modules, or lists of
 * modules, are its parts. A parameter's name is the path to it, each step in snake_case: `blocks.0.readNorm.weight`
 * is `blocks.0.read_norm.weight`. What is no parameter (a fixed code, say) belongs into a private field (`#code`).
 */
export abstract class Module {
  /**
   * Every parameter by name, parts included, in the order of the properties.
   * @throws TorchError if two have one name
   */
  parameters(): Record<string, Tensor> {
    const byPath: Record<string, Tensor> = {};
    gather(this, '', byPath);
    const paths = new Map<string, string>();
    for (const path of Object.keys(byPath)) {
      const name = snakeCase(path);
      const other = paths.get(name);
      if (other !== undefined) throw new TorchError(`${other} and ${path} are both called ${name}: rename one of them`);
      paths.set(name, path);
    }
    return Object.fromEntries(Array.from(paths, ([name, path]) => [name, byPath[path]]));
  }

  /**
   * Copies values into the parameters, of the same names and shapes.
   * @throws TorchError naming what is missing, too much, or of another shape; nothing is changed then
   */
  loadParameters(tensors: Readonly<Record<string, Tensor>>): void {
    const own = this.parameters();
    for (const name of Object.keys(tensors))
      if (!Object.hasOwn(own, name)) throw new TorchError(`${name} is no parameter of this network`);
    for (const [name, parameter] of Object.entries(own)) {
      const given = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (!given)
        throw new TorchError(
          `${name} is missing; the network has ${Object.keys(own).length} parameters, ${Object.keys(tensors).length} were given`,
        );
      if (given.shape.join() !== parameter.shape.join()) {
        throw new TorchError(
          `${name} is [${given.shape.join(', ')}], the network needs [${parameter.shape.join(', ')}]`,
        );
      }
    }
    noGrad(() => {
      for (const [name, parameter] of Object.entries(own)) parameter.copy_(tensors[name]);
    });
  }

  /** Moves every parameter to another device or dtype; gradients that were there are dropped. */
  to(target: Dtype | Device): this {
    noGrad(() => {
      for (const parameter of Object.values(this.parameters())) {
        parameter.grad = null;
        using moved = parameter.to(target);
        call('aten::set_data', parameter, moved);
      }
    });
    return this;
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function gather(value: unknown, path: string, into: Record<string, Tensor>): void {
  if (value instanceof Tensor) into[path] = value;
  else if (value instanceof Module || Array.isArray(value))
    for (const [key, inner] of Object.entries(value)) gather(inner, path === '' ? key : `${path}.${key}`, into);
}
