import { type RawArray, type RawArrays, rawArray, sizesOf } from './arrays.js';
import { Buildable, type Callable, Damaged, Tuple, unpickle } from './machine.js';

/** An element type. Only little-endian float32 is allowed. */
class ElementType extends Buildable {
  isKnown = false;

  override build(state: unknown): void {
    this.isKnown = state instanceof Tuple && state.items[1] === '<';
  }
}

/** An array, which is made empty and gets its content by `build`. */
class NumpyArray extends Buildable {
  array: RawArray | undefined;

  /** The state is `(version, shape, element type, whether in Fortran's order, bytes)`. */
  override build(state: unknown): void {
    const [, shape, type, fortran, bytes] = state instanceof Tuple ? state.items : [];
    if (!(type instanceof ElementType && type.isKnown && fortran === false && bytes instanceof Uint8Array))
      throw new Damaged('an array that is not of little-endian float32 in row-major order');
    const sizes = sizesOf(shape);
    if (sizes.reduce((product, size) => product * size, 4) !== bytes.length)
      throw new Damaged(`an array of the shape [${sizes.join(', ')}] that does not fill it`);
    this.array = rawArray('float32', sizes, bytes);
  }
}

const ndarray = Symbol('ndarray');

const reconstruct: Callable = {
  call([type]) {
    if (type !== ndarray) throw new Damaged('an array of a special kind');
    return new NumpyArray();
  },
};

const dtype: Callable = {
  call([code]) {
    if (code !== 'f4') throw new Damaged(`an array of the type ${JSON.stringify(code) ?? 'none'}; expected f4`);
    return new ElementType();
  },
};

const globals = new Map<string, Callable | symbol>([
  ['numpy.core.multiarray _reconstruct', reconstruct],
  ['numpy._core.multiarray _reconstruct', reconstruct],
  ['numpy ndarray', ndarray],
  ['numpy dtype', dtype],
]);

/** Limits of nested dicts. Without them, a dict that holds itself would never end. */
const deepest = 8;
const mostEntries = 10_000;

/**
 * Reads a pickle of nested dicts whose leaves are NumPy arrays of float32. The result has one level, with the keys of the dicts
 * joined by ` > `.
 * @throws Damaged if the file is damaged, cut short, or holds anything else
 */
export function readNumpyFile(bytes: Uint8Array): RawArrays {
  const arrays = new Map<string, RawArray>();
  let entries = 0;
  const gather = (value: unknown, path: readonly string[]): void => {
    if (++entries > mostEntries || path.length > deepest) throw new Damaged('its dicts are nested too deeply');
    if (value instanceof NumpyArray && value.array) arrays.set(path.join(' > '), value.array);
    else if (value instanceof Map)
      for (const [key, inner] of value) {
        if (typeof key !== 'string') throw new Damaged('a dict whose keys are not texts');
        gather(inner, [...path, key]);
      }
    else throw new Damaged('it holds something other than arrays by name');
  };
  gather(unpickle(bytes, 0, { globals }).value, []);
  return arrays;
}
