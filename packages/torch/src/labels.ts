import { Module } from './module.js';

/**
 * Lets `body` know which module is at work. While it runs, each method of each module notes the path of its module. The notes
 * are properties of the objects, and are removed at the end, so that a pass without a trace costs nothing.
 * @returns the body with notes, and a function that tells the path of the module at work; empty = the root, or none
 */
export function labelled<T>(root: Module, body: () => T): [() => T, () => string] {
  const working = [''];
  const run = (): T => {
    const undo: (() => void)[] = [];
    try {
      for (const [path, module] of Object.entries(root.modules()))
        for (const name of methodsOf(module)) {
          const method = Reflect.get(module, name) as (...inputs: unknown[]) => unknown;
          const value = (...inputs: unknown[]): unknown => {
            working.push(path);
            try {
              return method.apply(module, inputs);
            } finally {
              working.pop();
            }
          };
          Object.defineProperty(module, name, { value, configurable: true });
          undo.push(() => Reflect.deleteProperty(module, name));
        }
      return body();
    } finally {
      for (const each of undo) each();
    }
  };
  return [run, () => working[working.length - 1]];
}

/** The names of the methods that the classes of a module add to `Module`. */
function methodsOf(module: Module): Set<string> {
  const names = new Set<string>();
  let prototype: object = Object.getPrototypeOf(module) as object;
  for (; prototype !== Module.prototype; prototype = Object.getPrototypeOf(prototype) as object)
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof value === 'function' && name !== 'constructor' && !Object.hasOwn(module, name)) names.add(name);
  return names;
}
