import { RinError } from '@rin/core';
import { scope, type Tensor } from '@rin/torch';
import type { Stored } from './onnx.js';

/** Fewest values for which float16 saves more bytes than the node that makes them float32 again. */
const fewest = 64;

/** How weights are stored, and how many were. */
export class Storage {
  /** stored numbers of both precisions */
  half = 0;
  full = 0;
  /** the largest difference that float16 made */
  largestError = 0;

  /** @param round  whether all weights become float16; otherwise only those that it holds exactly */
  constructor(readonly round: boolean) {}
}

/**
 * Weights as they are stored.
 * @throws RinError if they are no float32, or are to be rounded and beyond the range of float16
 */
export function stored(name: string, value: Tensor, storage: Storage): Stored {
  const { shape, dtype, size } = value;
  if (dtype !== 'float32')
    throw new RinError(`this network cannot be written as ONNX: ${name} is ${dtype}, not float32`);
  return scope(() => {
    const half = value.to('float16');
    const error = size === 0 ? 0 : half.float().sub(value).abs().max().item();
    if (storage.round && !(error < Number.POSITIVE_INFINITY))
      throw new RinError(`${name} has numbers that float16 cannot hold; leave out --dtype float16`);
    if (size < fewest || (error !== 0 && !storage.round)) {
      storage.full += size;
      return { name, dtype: 'float32', shape, data: bytesOf(value) };
    }
    storage.half += size;
    storage.largestError = Math.max(storage.largestError, error);
    return { name: `${name}.float16`, dtype: 'float16', shape, data: bytesOf(half) };
  });
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
}
