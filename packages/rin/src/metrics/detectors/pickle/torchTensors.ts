import { type Element, isSize, memoryOrder, type RawArrays, rawArray, sizesOf } from './arrays.js';
import { type Callable, Damaged, Tuple } from './machine.js';

/** Elements of several tensors. Their bytes are not in the pickle. */
export class Storage {
  bytes: Uint8Array | undefined;

  constructor(
    readonly dtype: Element,
    readonly size: number,
  ) {}
}

/** A tensor whose storage may not be read yet. */
class Placed {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly order: readonly number[],
  ) {}
}

const storageTypes = new Map<unknown, Element>([
  [Symbol('FloatStorage'), 'float32'],
  [Symbol('LongStorage'), 'int64'],
]);

const orderedDict: Callable = {
  call(args) {
    if (args.length > 0) throw new Damaged('an OrderedDict with arguments');
    return new Map();
  },
};

/** `_rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)` */
const rebuildTensor: Callable = {
  call([storage, offset, sizes, strides]) {
    const shape = sizesOf(sizes);
    if (!(storage instanceof Storage) || !isSize(offset)) throw new Damaged('a tensor without a storage');
    return new Placed(storage, offset, shape, memoryOrder(shape, sizesOf(strides)));
  },
};

/** What a state dict may refer to. */
export const globals = new Map<string, Callable | symbol>([
  ['collections OrderedDict', orderedDict],
  ['torch._utils _rebuild_tensor_v2', rebuildTensor],
  ...[...storageTypes.keys()].map((type) => [`torch ${(type as symbol).description}`, type as symbol] as const),
]);

/**
 * The storage of a persistent id `('storage', type, key, device, size)`; the old format has `view` behind it.
 * @param storages  those that are known, by key; a new one is added
 * @throws Damaged if the id is another one
 */
export function storageOf(id: unknown, storages: Map<string, Storage>): Storage {
  const [word, type, key, , size, view] = id instanceof Tuple ? id.items : [];
  const dtype = storageTypes.get(type);
  if (word !== 'storage' || dtype === undefined || typeof key !== 'string' || !isSize(size) || (view ?? null) !== null)
    throw new Damaged('a storage that is not described as expected');
  const known = storages.get(key);
  if (known && (known.dtype !== dtype || known.size !== size)) throw new Damaged(`two different storages ${key}`);
  const storage = known ?? new Storage(dtype, size);
  storages.set(key, storage);
  return storage;
}

/** The tensors of a state dict whose storages are filled. @throws Damaged if it holds anything else, or data are missing */
export function tensorsOf(content: unknown): RawArrays {
  if (!(content instanceof Map)) throw new Damaged('it holds something other than tensors by name');
  return new Map(
    Array.from(content, ([name, placed]) => {
      if (typeof name !== 'string' || !(placed instanceof Placed))
        throw new Damaged('it holds something other than tensors by name');
      const { storage, offset, shape, order } = placed;
      if (!storage.bytes) throw new Damaged(`the data of ${name} are missing`);
      return [name, rawArray(storage.dtype, shape, storage.bytes, { offset, order })];
    }),
  );
}
