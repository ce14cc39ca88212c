import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { empty } from './create.js';
import type { Dtype } from './dtype.js';
import { TorchError } from './errors.js';
import { sweep } from './files/halfFiles.js';
import { systemReason } from './files/systemErrors.js';
import { type Write, writeWhole } from './files/wholeFiles.js';
import { attempt, native } from './native.js';
import { call } from './operator.js';
import { formatHeader, maxHeaderLength, parseHeader, type SafetensorsEntry } from './safetensorsHeader.js';
import { keep } from './scope.js';
import type { Tensor } from './tensor.js';

/** Bytes that are copied between file and tensor at once, so that files over 2 GiB need no buffer of their size. */
const pieceLength = 8 << 20;

/** An open safetensors file. Only its header is read so far. */
export interface SafetensorsFile {
  /** Names of the tensors, in the order of the header; names that are whole numbers come first, as in any object. */
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Dtype and shape of a tensor, without reading it. @throws TorchError if the name is unknown */
  info(name: string): { readonly dtype: Dtype; readonly shape: readonly number[] };
  /** Reads one tensor to the CPU; it belongs to no scope. @throws TorchError if the name is unknown or reading fails */
  read(name: string): Promise<Tensor>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A file that is open for reading, such as a `FileHandle` of Node. */
export interface OpenFile {
  stat(): Promise<{ readonly size: number }>;
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and reads its header.
 * @param from  the file's handle, if it is open already. It is closed with the result, or if this throws
 * @throws TorchError if the file cannot be read or is damaged; the message begins with the path
 */
export async function openSafetensors(path: string, from?: OpenFile): Promise<SafetensorsFile> {
  const file = from ?? (await explained(path, () => open(path, 'r')));
  try {
    return await explained(path, () => fromHandle(path, file));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * All tensors of a safetensors file, on the CPU, and its metadata. The tensors belong to no scope.
 * @param from  the file's handle, if it is open already. It is always closed
 * @throws TorchError if the file cannot be read or is damaged; the message begins with the path
 */
export async function readSafetensors(
  path: string,
  from?: OpenFile,
): Promise<{ tensors: Record<string, Tensor>; metadata: Readonly<Record<string, string>> }> {
  const file = await openSafetensors(path, from);
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
 * Writes tensors, from any device, and metadata to a safetensors file. `path` always holds the old file or the whole new one.
 * The new file is written under a temporary name, flushed to the disk and renamed. Half files of killed processes are
 * removed. Do not change the tensors in place until the promise resolves; you may dispose them.
 * @param tensors   by name, of any shape and any dtype in `dtypes`
 * @param metadata  texts by name
 * @throws TorchError if a name, dtype or metadata does not fit the format, or the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const held = new Map<string, Tensor>();
  try {
    const { bytes, entries } = attempt(path, () => {
      for (const [name, tensor] of Object.entries(tensors)) held.set(name, keep(tensor.detach()));
      return formatHeader(
        [...held].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
        metadata,
      );
    });
    await explained(path, async () => {
      await sweep(dirname(path), (target) => target === basename(path));
      await writeWhole(path, (write) => {
        write(bytes);
        for (const { name } of entries) writeTensor(write, held.get(name) as Tensor);
      });
    });
  } finally {
    for (const tensor of held.values()) tensor.dispose();
  }
}

async function fromHandle(path: string, file: OpenFile): Promise<SafetensorsFile> {
  const fail = (what: string): never => {
    throw new TorchError(`${path}: ${what}; the file is cut short or no safetensors file: download or write it again`);
  };
  const { size } = await file.stat();
  if (size < 8) fail(`it has ${size} bytes`);
  const lengthBytes = new Uint8Array(8);
  await readFully(file, lengthBytes, 0, path);
  const length = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
  if (length > size - 8) fail(`its header should have ${length} bytes, but the whole file has ${size}`);
  if (length > maxHeaderLength) fail(`its header of ${length} bytes is larger than ${maxHeaderLength}`);
  const bytes = new Uint8Array(length);
  await readFully(file, bytes, 8, path);
  const dataStart = 8 + length;
  const { entries, metadata } = parseHeader(bytes, size - dataStart, path);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const entry = (name: string): SafetensorsEntry => {
    const found = byName.get(name);
    if (!found) throw new TorchError(`${path}: it has no tensor ${name}; ${listed(byName)}`);
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
  return names.length === 0 ? 'it has no tensors at all' : `it has ${names.slice(0, 8).join(', ')}${more}`;
}

async function readTensor(
  file: OpenFile,
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

async function readFully(file: OpenFile, into: Uint8Array, position: number, path: string): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new TorchError(`${path}: the file became shorter while it was read: read it again`);
    done += bytesRead;
  }
}

function writeTensor(write: Write, tensor: Tensor): void {
  const here = keep(tensor.to('cpu'));
  const dense = keep(here.contiguous());
  const whole = keep(call('aten::resolve_neg', dense) as Tensor); // a view may hold its values negated
  try {
    const length = native.byteLength(whole.slot);
    const buffer = new Uint8Array(Math.min(length, pieceLength));
    for (let at = 0; at < length; at += buffer.length) {
      const piece = buffer.subarray(0, Math.min(buffer.length, length - at));
      native.copyOut(whole.slot, at, piece);
      write(piece);
    }
  } finally {
    here.dispose();
    dense.dispose();
    whole.dispose();
  }
}

async function explained<T>(path: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof TorchError || !(error instanceof Error)) throw error;
    throw new TorchError(`${path}: ${systemReason(error) ?? error.message}`);
  }
}
