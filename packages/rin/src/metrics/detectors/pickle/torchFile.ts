import { type Element, isSize, memoryOrder, type RawArrays, rawArray, sizesOf, widthOf } from './arrays.js';
import { type Allowed, type Callable, Damaged, Tuple, unpickle } from './machine.js';

/** Elements of several tensors. Their bytes follow after the pickles. */
class Storage {
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

const globals = new Map<string, Callable | symbol>([
  ['collections OrderedDict', orderedDict],
  ['torch._utils _rebuild_tensor_v2', rebuildTensor],
  ...[...storageTypes.keys()].map((type) => [`torch ${(type as symbol).description}`, type as symbol] as const),
]);

/** Begins a file of PyTorch's old format, as a pickle of one number. */
const magic = 0x1950a86a20f9469cfc6cn;

/**
 * Reads a state dict (tensors by name) in PyTorch's format before version 1.6. It is four pickles, the keys of the storages, and
 * the storages. Nothing but tensors of float32 and int64 on any device is allowed.
 * @throws Damaged if the file is damaged, cut short, or holds anything else
 */
export function readTorchFile(bytes: Uint8Array): RawArrays {
  const storages = new Map<string, Storage>();
  const plain: Allowed = { globals: new Map() };
  const mark = unpickle(bytes, 0, plain);
  if (mark.value !== magic) throw new Damaged("it does not begin like a file of PyTorch's old format");
  const version = unpickle(bytes, mark.end, plain);
  const system = unpickle(bytes, version.end, plain);
  if (version.value !== 1001 || !(system.value instanceof Map) || system.value.get('little_endian') !== true)
    throw new Damaged('it has another version or byte order');
  const content = unpickle(bytes, system.end, { globals, persistent: (id) => storageOf(id, storages) });
  const keys = unpickle(bytes, content.end, plain);
  fill(storages, keys.value, bytes, keys.end);
  return tensorsOf(content.value);
}

/** The storage of a persistent id `('storage', type, key, device, size, view)`. */
function storageOf(id: unknown, storages: Map<string, Storage>): Storage {
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

/** Each storage is the number of its elements, in 8 bytes, and the elements. */
function fill(storages: ReadonlyMap<string, Storage>, keys: unknown, bytes: Uint8Array, start: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = start;
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = storages.get(key);
    if (!storage || storage.bytes) throw new Damaged('a list of storages that does not fit the tensors');
    const length = storage.size * widthOf(storage.dtype);
    if (position + 8 + length > bytes.length)
      throw new Damaged(`it is cut short: it ends at byte ${bytes.length}, before its last tensor`);
    if (Number(view.getBigInt64(position, true)) !== storage.size)
      throw new Damaged(`a storage of another size than described at byte ${position}`);
    storage.bytes = bytes.subarray(position + 8, position + 8 + length);
    position += 8 + length;
  }
}

function tensorsOf(content: unknown): RawArrays {
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
