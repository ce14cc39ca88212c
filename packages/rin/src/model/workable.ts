import { type Device, type Dtype, type Tensor, unsafe } from '@rin/torch';

/**
 * The type in which products of `dtype` are computed. libtorch has bfloat16 kernels for some processors only. On the others
 * its plain loops take 10 times as long, so products go by way of float32. They are as exact, because both sum in float32.
 */
export const workableDtype = (dtype: Dtype, device: Device): Dtype =>
  dtype === 'bfloat16' && device === 'cpu' && !hasBfloat16() ? 'float32' : dtype;

/** The same numbers in that type. */
export function workable(x: Tensor): Tensor {
  const dtype = workableDtype(x.dtype, x.device);
  return dtype === x.dtype ? x : x.to(dtype);
}

const hasBfloat16 = (): boolean => unsafe.call('mkldnn::_is_mkldnn_bf16_supported', []) as boolean;
