import type { Dtype } from '../dtype.js';
import { TorchError } from '../errors.js';
import type { Device } from '../handle.js';
import { call } from '../operator.js';
import type { Tensor } from '../tensor.js';

/**
 * The dtype in which products of `dtype` are computed. libtorch has bfloat16 kernels only for some processors. On others it
 * uses loops that take 10 times as long, so products are computed in float32. The precision is the same, because both sum in
 * float32.
 */
export const workableDtype = (dtype: Dtype, device: Device): Dtype =>
  dtype === 'bfloat16' && device === 'cpu' && !hasBfloat16() ? 'float32' : dtype;

/** The dtype that a device has for numbers of `dtype`. MPS has no float64. */
export const storableDtype = (dtype: Dtype, device: Device): Dtype =>
  dtype === 'float64' && device === 'mps' ? 'float32' : dtype;

/** The same numbers in the dtype that `workableDtype` gives. */
export function workable(x: Tensor): Tensor {
  const dtype = workableDtype(x.dtype, x.device);
  return dtype === x.dtype ? x : x.to(dtype);
}

/**
 * Casts a tensor to the dtype of another one. So float32 weights work in a bfloat16 pass and get float32 gradients. Without a
 * difference it returns the tensor itself.
 */
export const castLike = (tensor: Tensor, like: Tensor): Tensor =>
  tensor.dtype === like.dtype ? tensor : tensor.to(like.dtype);

function hasBfloat16(): boolean {
  try {
    return call('mkldnn::_is_mkldnn_bf16_supported') as boolean;
  } catch (error) {
    if (error instanceof TorchError) return false; // a libtorch without oneDNN, as on macOS
    throw error;
  }
}
