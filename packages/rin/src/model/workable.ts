import { type Device, type Dtype, type Tensor, unsafe } from '@rin/torch';

/**
 * The dtype in which products of `dtype` are computed. libtorch has bfloat16 kernels only for some processors. On others it
 * uses loops that take 10 times as long, so products are computed in float32. The precision is the same, because both sum in
 * float32.
 */
export const workableDtype = (dtype: Dtype, device: Device): Dtype =>
  dtype === 'bfloat16' && device === 'cpu' && !hasBfloat16() ? 'float32' : dtype;

/** The same numbers in the dtype that `workableDtype` gives. */
export function workable(x: Tensor): Tensor {
  const dtype = workableDtype(x.dtype, x.device);
  return dtype === x.dtype ? x : x.to(dtype);
}

const hasBfloat16 = (): boolean => unsafe.call('mkldnn::_is_mkldnn_bf16_supported', []) as boolean;
