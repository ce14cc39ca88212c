/// <reference lib="esnext.disposable" preserve="true" />
export type { Argument } from './argument.js';
export * from './autograd.js';
export { arange, type CreationOptions, empty, full, type Nested, ones, tensor, zeros } from './create.js';
export { type DataArray, type Dtype, dtypes } from './dtype.js';
export { TorchError } from './errors.js';
export * from './functions.js';
export type { Device } from './handle.js';
export * from './modes.js';
export { Module } from './module.js';
export type { Result } from './operator.js';
export { type PhiloxOptions, philoxNormal } from './philox.js';
export { type OperatorTime, profile } from './profile.js';
export * from './runtime.js';
export { openSafetensors, readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.js';
export { keep, scope } from './scope.js';
export { type Dimensions, type Operand, Tensor } from './tensor.js';
export { type Trace, type TracedCall, type TracedTensor, type TracedValue, trace } from './trace.js';
export { unsafe } from './unsafe.js';
