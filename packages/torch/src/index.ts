/// <reference lib="esnext.disposable" preserve="true" />

/**
 * libtorch for Node. Names are PyTorch's in camelCase. Tensors are positional and come first; options are an object and come
 * last. A method whose name ends in `_` changes the tensor in place and returns it. A wrong call throws a `TorchError` that
 * names the operator, shapes and dtypes.
 *
 *     import { noGrad, scope, tensor } from '@rin/torch';
 *     const x = tensor([[1, 2], [3, 4]]);
 *     const total = scope(() => x.matmul(x).sum().item()); // 54; tensors made inside are freed
 */

export type { Argument } from './argument.js';
export * from './autograd.js';
export {
  arange,
  type CreationOptions,
  empty,
  eye,
  full,
  linspace,
  type Nested,
  ones,
  tensor,
  zeros,
} from './create.js';
export { Group, type GroupOptions, groupBackends, launchedGroup, openGroup, RankError } from './distributed.js';
export { type DataArray, type Dtype, dtypes } from './dtype.js';
export { TorchError } from './errors.js';
export * from './functions.js';
export type { Device, Handle } from './handle.js';
export * from './images.js';
export * from './losses.js';
export * from './modes.js';
export { Module } from './module.js';
export type { NestedList } from './nestedList.js';
export * from './nn/conv.js';
export * from './nn/embedding.js';
export { type Initial, type InitialOptions, initial, initialise, parameter } from './nn/initial.js';
export * from './nn/linear.js';
export * from './nn/norms.js';
export * from './nn/precision.js';
export * from './nn/sequential.js';
export type { Result } from './operator.js';
export type { AdamConstants } from './optim/adam.js';
export * from './optim/adamw.js';
export * from './optim/gradients.js';
export * from './optim/lamb.js';
export * from './optim/muon.js';
export { Optimizer } from './optim/optimizer.js';
export type { Choice, Named } from './optim/parameters.js';
export * from './optim/sgd.js';
export { type PhiloxOptions, philoxNormal } from './philox.js';
export { type OperatorTime, profile } from './profile.js';
export { type RandomOptions, rand, randint, randn, randperm } from './random.js';
export { Recomputation } from './recomputation.js';
export * from './runtime.js';
export {
  type OpenFile,
  openSafetensors,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors.js';
export { keep, scope } from './scope.js';
export type { Elementwise } from './tensor/elementwise.js';
export type { InPlace } from './tensor/inPlace.js';
export type { Dimensions, Found, Operand } from './tensor/operands.js';
export type { Reductions } from './tensor/reductions.js';
export type { Shapes } from './tensor/shapes.js';
export { Tensor } from './tensor.js';
export { convolveTokens, type TokenConvolution } from './tokens.js';
export { loadTorchScript, ScriptModule } from './torchscript.js';
export {
  batchAxes,
  type Trace,
  type TracedCall,
  type TracedTensor,
  type TracedValue,
  type TraceOptions,
  trace,
} from './trace.js';
export { unsafe } from './unsafe.js';
