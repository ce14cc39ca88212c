#include "context.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

namespace rin {

// backward(tensors, gradients or 0, retainGraph)
napi_value backward(Call& call) {
  torch::autograd::backward(call.tensors(0), call.tensors(1), call.boolean(2));
  return call.nothing();
}

// gradients(outputs, inputs, output gradients, retainGraph, createGraph) → list; 0 for an input that was not used
napi_value gradients(Call& call) {
  return call.make(torch::autograd::grad(call.tensors(0), call.tensors(1), call.tensors(2), call.boolean(3),
                                         call.boolean(4), /*allow_unused=*/true));
}

napi_value getGrad(Call& call) { return call.hold(call.tensor(0).grad()); }

napi_value setGrad(Call& call) {
  const at::Tensor& tensor = call.tensor(0);
  const at::Tensor grad = call.number(1) == 0 ? at::Tensor() : call.tensor(1);
  TORCH_CHECK(!grad.defined() || (grad.sizes() == tensor.sizes() && grad.scalar_type() == tensor.scalar_type() &&
                                  grad.device() == tensor.device()),
              "a gradient must have the shape, dtype and device of its tensor");
  at::Tensor(tensor).mutable_grad() = grad;
  return call.nothing();
}

napi_value setRequiresGrad(Call& call) {
  at::Tensor tensor = call.tensor(0);
  tensor.requires_grad_(call.boolean(1));
  return call.nothing();
}

// setGradMode(enabled) → the previous mode, 0 or 1. Autocast caches the casts of weights. A cast without a graph must not be used
// while gradients are recorded, and vice versa, so the cache is cleared.
napi_value setGradMode(Call& call) {
  const bool before = at::GradMode::is_enabled(), enabled = call.boolean(0);
  at::GradMode::set_enabled(enabled);
  if (enabled != before) at::autocast::clear_cache();
  return call.make(before);
}

}  // namespace rin
