import type { Dtype } from './dtype.js';
import { TorchError } from './errors.js';
import type { Device } from './handle.js';
import { noGrad } from './modes.js';
import { call } from './operator.js';
import { Tensor } from './tensor.js';

/**
 * A part of a network. Public properties that are tensors are its parameters. Public properties that are modules, or lists of
 * modules, are its parts. A parameter's name is its path in snake_case: `blocks.0.readNorm.weight` becomes
 * `blocks.0.read_norm.weight`. Keep a tensor that is no parameter, such as a fixed code, in a private field (`#code`).
 */
export abstract class Module {
  /**
   * Every parameter by name, parts included, in the order of the properties.
   * @throws TorchError if two parameters have the same name
   */
  parameters(): Record<string, Tensor> {
    const byPath: Record<string, Tensor> = {};
    gather(this, '', (path, part) => {
      if (part instanceof Tensor) byPath[path] = part;
    });
    const paths = new Map<string, string>();
    for (const path of Object.keys(byPath)) {
      const name = snakeCase(path);
      const other = paths.get(name);
      if (other !== undefined)
        throw new TorchError(`${other} and ${path} both get the name ${name}: rename one of them`);
      paths.set(name, path);
    }
    return Object.fromEntries(Array.from(paths, ([name, path]) => [name, byPath[path]]));
  }

  /**
   * This module under the name '', and every part of it by name, such as `blocks.0.read`: what the names of its parameters begin
   * with. A part with two names is there once.
   */
  modules(): Record<string, Module> {
    const byModule = new Map<Module, string>();
    gather(this, '', (path, part) => {
      if (part instanceof Module && !byModule.has(part)) byModule.set(part, snakeCase(path));
    });
    return Object.fromEntries(Array.from(byModule, ([module, name]) => [name, module]));
  }

  /**
   * Copies values into the parameters. Names and shapes must be the same.
   * @throws TorchError if a parameter is missing, unknown or has another shape; then no parameter is changed
   */
  loadParameters(tensors: Readonly<Record<string, Tensor>>): void {
    const own = this.parameters();
    for (const name of Object.keys(tensors))
      if (!Object.hasOwn(own, name)) throw new TorchError(`${name} is no parameter of this network`);
    for (const [name, parameter] of Object.entries(own)) {
      const given = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
      if (!given)
        throw new TorchError(
          `${name} is missing; the network has ${Object.keys(own).length} parameters, but ${Object.keys(tensors).length} were given`,
        );
      if (given.shape.join() !== parameter.shape.join()) {
        throw new TorchError(
          `${name} is [${given.shape.join(', ')}], but the network needs [${parameter.shape.join(', ')}]`,
        );
      }
    }
    noGrad(() => {
      for (const [name, parameter] of Object.entries(own)) parameter.copy_(tensors[name]);
    });
  }

  /** Moves every parameter to another device or dtype, and drops their gradients. @returns this module */
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

/** Calls `visit` with the path of each tensor and module inside a value, itself included. */
function gather(
  value: unknown,
  path: string,
  visit: (path: string, part: Tensor | Module) => void,
  around: readonly unknown[] = [],
): void {
  if (value instanceof Tensor || value instanceof Module) visit(path, value);
  if (!(value instanceof Module || Array.isArray(value))) return;
  if (around.includes(value))
    throw new TorchError(`${path} contains itself; keep a reference to a module around it in a #private field`);
  for (const [key, inner] of Object.entries(value))
    gather(inner, path === '' ? key : `${path}.${key}`, visit, [...around, value]);
}
