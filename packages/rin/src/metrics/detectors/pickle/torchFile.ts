import { type RawArrays, widthOf } from './arrays.js';
import { type Allowed, Damaged, unpickle } from './machine.js';
import { globals, type Storage, storageOf, tensorsOf } from './torchTensors.js';

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
