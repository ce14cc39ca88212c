import { DamagedZip, isZip, zippedFiles } from '../../zip.js';
import { type RawArrays, widthOf } from './arrays.js';
import { Damaged, unpickle } from './machine.js';
import { readTorchFile } from './torchFile.js';
import { globals, type Storage, storageOf, tensorsOf } from './torchTensors.js';

/**
 * Whether a file is a TorchScript: an archive that is not a plain state dict. libtorch says what is wrong with it, if something
 * is.
 */
export function isTorchScript(bytes: Uint8Array): boolean {
  if (!isZip(bytes)) return false;
  try {
    const names = zippedFiles(bytes).map(({ name }) => name.slice(name.indexOf('/') + 1));
    return names.includes('constants.pkl') || !names.includes('data.pkl');
  } catch (error) {
    if (error instanceof DamagedZip) return true;
    throw error;
  }
}

/**
 * Reads a state dict (tensors by name) that `torch.save` wrote, in the format of today or that before version 1.6.
 * @throws Damaged if the file is damaged, cut short, or holds anything else than tensors of float32 and int64
 */
export function readStateDict(bytes: Uint8Array): RawArrays {
  if (!isZip(bytes)) return readTorchFile(bytes);
  try {
    return readTorchArchive(bytes);
  } catch (error) {
    throw error instanceof DamagedZip ? new Damaged(error.message) : error;
  }
}

/** An archive has a pickle `NAME/data.pkl`, and each storage as a file `NAME/data/KEY`. */
function readTorchArchive(bytes: Uint8Array): RawArrays {
  const files = new Map(zippedFiles(bytes).map((file) => [file.name, file]));
  const [main, pickle] = [...files].find(([name]) => name.endsWith('/data.pkl')) ?? [];
  if (main === undefined || pickle === undefined) throw new Damaged('it is an archive without data.pkl');
  const folder = main.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`)?.bytes();
  if (order && Buffer.from(order).toString('latin1') !== 'little') throw new Damaged('it has another byte order');
  const storages = new Map<string, Storage>();
  const { value } = unpickle(pickle.bytes(), 0, { globals, persistent: (id) => storageOf(id, storages) });
  for (const [key, storage] of storages) {
    storage.bytes = files.get(`${folder}data/${key}`)?.bytes();
    if (storage.bytes?.length !== storage.size * widthOf(storage.dtype))
      throw new Damaged(`the storage ${key} is missing, or of another size than described`);
  }
  return tensorsOf(value);
}
