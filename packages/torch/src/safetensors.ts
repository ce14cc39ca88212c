import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { empty } from './create.js';
import type { Dtype } from './dtype.js';
import { TorchError } from './errors.js';
import { attempt, native } from './native.js';
import { formatHeader, maxHeaderLength, parseHeader, type SafetensorsEntry } from './safetensorsHeader.js';
import { keep } from './scope.js';
import type { Tensor } from './tensor.js';

/** What crosses between file and tensor at once: files and tensors over 2 GiB need no buffer of their size. */
const pieceLength = 8 << 20;

/** An open safetensors file, of which only the header was read. */
export interface SafetensorsFile {
  /** Names of the tensors, in the order of the header; but whole numbers come first, by size, as in any object. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** What a tensor is, without reading it. @throws TorchError if there is none of that name */
  info(name: string): { readonly dtype: Dtype; readonly shape: readonly number[] };
  /** Reads one tensor to the CPU; it belongs to no scope. @throws TorchError if there is none of that name */
  read(name: string): Promise<Tensor>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a safetensors file and reads its header.
 * @throws TorchError in one sentence with the path, if it cannot be read or is not sound
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await explained(path, () => open(path, 'r'));
  try {
    return await explained(path, () => fromHandle(path, file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * All tensors of a safetensors file, on the CPU, and its metadata. The tensors belong to no scope.
 * @throws TorchError in one sentence with the path, if it cannot be read or is not sound
 */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Record<string, Tensor>; metadata: Readonly<Record<string, string>> }> {
  const file = await openSafetensors(path);
  const tensors: Record<string, Tensor> = {};
  try {
    for (const name of file.names) tensors[name] = await file.read(name);
    return { tensors, metadata: file.metadata };
  } catch (error) {
    for (const tensor of Object.values(tensors)) tensor.dispose();
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * Writes tensors, from any device, and metadata to a safetensors file. It is written beside, flushed to the disk and
 * renamed: under `path` there is the old file or the whole new one, whatever happens. Until the promise resolves the
 * tensors must not be changed in place; disposing them does no harm.
 * @throws TorchError if a name, dtype or metadata does not fit the format, or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const held = new Map<string, Tensor>();
  const partial = join(dirname(path), `.${basename(path)}.${randomUUID()}.partial`);
  try {
    const { bytes, entries } = attempt(path, () => {
      for (const [name, tensor] of Object.entries(tensors)) held.set(name, keep(tensor.detach()));
      return formatHeader(
        [...held].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
        metadata,
      );
    });
    await explained(path, async () => {
      const file = await open(partial, 'wx');
      try {
        writeAll(file, bytes);
        for (const { name } of entries) await writeTensor(file, held.get(name) as Tensor);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
      await flushFolder(dirname(path));
    });
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {}); // the first error is the one to tell
    throw error;
  } finally {
    for (const tensor of held.values()) tensor.dispose();
  }
}

async function fromHandle(path: string, file: FileHandle): Promise<SafetensorsFile> {
  const fail = (what: string): never => {
    throw new TorchError(`${path}: ${what}; it was cut short, or is no safetensors file: fetch or write it again`);
  };
  const { size } = await file.stat();
  if (size < 8) fail(`the file has ${size} bytes`);
  const lengthBytes = new Uint8Array(8);
  await readFully(file, lengthBytes, 0, path);
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length > size - 8) fail(`its header should have ${length} bytes, and the file has ${size} in all`);
  if (length > maxHeaderLength) fail(`its header of ${length} bytes is larger than ${maxHeaderLength}`);
  const bytes = new Uint8Array(length);
  await readFully(file, bytes, 8, path);
  const dataStart = 8 + length;
  const { entries, metadata } = parseHeader(bytes, size - dataStart, path);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const entry = (name: string): SafetensorsEntry => {
    const found = byName.get(name);
    if (!found) throw new TorchError(`${path}: there is no tensor ${name}; ${listed(byName)}`);
    return found;
  };
  return {
    names: entries.map(({ name }) => name),
    metadata,
    info(name) {
      const { dtype, shape } = entry(name);
      return { dtype, shape };
    },
    async read(name) {
      const found = entry(name);
      return explained(path, () => readTensor(file, found, dataStart, path));
    },
    close: () => file.close(),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

function listed(entries: ReadonlyMap<string, unknown>): string {
  const names = [...entries.keys()];
  const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
  return names.length === 0 ? 'the file has none' : `the file has ${names.slice(0, 8).join(', ')}${more}`;
}

async function readTensor(
  file: FileHandle,
  { dtype, shape, start, end }: SafetensorsEntry,
  dataStart: number,
  path: string,
): Promise<Tensor> {
  const tensor = keep(empty(shape, { dtype }));
  try {
    const buffer = new Uint8Array(Math.min(end - start, pieceLength));
    for (let at = 0; at < end - start; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, end - start - at));
      await readFully(file, piece, dataStart + start + at, path);
      native.copyIn(tensor.slot, at, piece);
    }
    return tensor;
  } catch (error) {
    tensor.dispose();
    throw error;
  }
}

async function readFully(file: FileHandle, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new TorchError(`${path}: the file became shorter while it was read: read it again`);
    done += bytesRead;
  }
}

async function writeTensor(file: FileHandle, tensor: Tensor): Promise<void> {
  const here = keep(tensor.to('cpu'));
  const whole = keep(here.contiguous());
  try {
    const length = native.byteLength(whole.slot);
    const buffer = new Uint8Array(Math.min(length, pieceLength));
    for (let at = 0; at < length; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
      native.copyOut(whole.slot, at, piece);
      writeAll(file, piece);
    }
  } finally {
    here.dispose();
    whole.dispose();
  }
}

/** `FileHandle.writeFile` of Node 20.9 takes a short write, as at a limit of the file's size, for a whole one. */
const writeAll = (file: FileHandle, bytes: Uint8Array): void => writeFileSync(file.fd, bytes);

// A rename is on the disk only when the folder is.
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const systemErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission was denied',
  EPERM: 'permission was denied',
  EISDIR: 'it is a folder, and a file was expected',
  ENOTDIR: 'a part of the path is no folder',
  ENOSPC: 'the disk is full: free some space',
  EROFS: 'the disk is read-only',
  EDQUOT: 'the quota of the disk is used up: free some space',
  EFBIG: 'the file is larger than is allowed',
  EIO: 'the disk has failed (input/output error)',
  EMFILE: 'too many files are open',
};

async function explained<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof TorchError || !(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    throw new TorchError(`${path}: ${systemErrors[code] ?? error.message}`);
  }
}
