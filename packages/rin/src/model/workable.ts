import { type Device, type Dtype, type Tensor, unsafe } from '@rin/torch';

/**
 * Where libtorch has no kernels for bfloat16, the products of bfloat16 numbers are made by way of float32: they are as exact,
 * and summed in float32 either way. Its plain loops would take 10 times as long.
 * @returns the type that products of `dtype` are made in
 */
export const workableDtype = (dtype: Dtype, device: Device): Dtype =>
  dtype === 'bfloat16' && device === 'cpu' && !hasBfloat16() ? 'float32' : dtype;

/** The same numbers in that type. */
export function workable(x: Tensor): Tensor {
  const dtype = workableDtype(x.dtype, x.device);
  return dtype === x.dtype ? x : x.to(dtype);
}

const hasBfloat16 = (): boolean => unsafe.call('mkldnn::_is_mkldnn_bf16_supported', []) as boolean;
