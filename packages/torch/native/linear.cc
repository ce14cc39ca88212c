// Linear layers on a CPU by oneDNN, which adds the bias itself. libtorch's way copies the bias into the result before the product
// adds to it. docs/speed.md has the figures.
#include "context.h"

#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

static std::optional<c10::OperatorHandle> oneDnn(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

// x·Wᵀ + b
static at::Tensor linearProduct(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::AutoDispatchBelowAutograd below;
  torch::jit::Stack stack{x,
                          weight,
                          bias.defined() ? c10::IValue(bias) : c10::IValue(),
                          std::string("none"),
                          c10::List<std::optional<at::Scalar>>(),
                          std::string("")};
  oneDnn("mkldnn::_linear_pointwise")->callBoxed(&stack);
  return stack[0].toTensor();
}

struct LinearLayer : torch::autograd::Function<LinearLayer> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    context->save_for_backward({x, weight});
    return linearProduct(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (!gradients[0].defined()) return variable_list(3);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor grad = gradients[0].reshape({-1, weight.size(0)});
    variable_list results(3);
    if (context->needs_input_grad(0)) results[0] = at::mm(grad, weight).view(x.sizes());
    if (context->needs_input_grad(1)) results[1] = at::mm(grad.t(), x.reshape({-1, weight.size(1)}));
    if (context->needs_input_grad(2)) results[2] = grad.sum(0);
    return results;
  }
};

// Measured with AVX-512 only. The choice must not depend on the number of rows: a sample has the same bits in any batch.
static bool hasLinearOf([[maybe_unused]] at::ScalarType dtype) {
#if defined(__x86_64__)
  if (at::get_cpu_capability() != "AVX512" || !oneDnn("mkldnn::_linear_pointwise")) return false;
  return dtype == at::kFloat || (dtype == at::kBFloat16 && __builtin_cpu_supports("avx512bf16"));
#else
  return false;
#endif
}

static bool fits(const at::Tensor& x, const at::Tensor& weight) {
  return x.defined() && weight.defined() && x.is_cpu() && weight.is_cpu() && x.layout() == at::kStrided &&
         weight.layout() == at::kStrided && x.numel() > 0 && weight.numel() > 0 && x.dim() >= 2 && weight.dim() == 2 &&
         weight.is_contiguous() && x.size(-1) == weight.size(1) && x.scalar_type() == weight.scalar_type();
}

// linear(input, weight, bias)
bool replaceLinear(torch::jit::Stack& stack) {
  if (at::autocast::is_autocast_enabled(at::kCPU) || !stack[0].isTensor() || !stack[1].isTensor()) return false;
  const at::Tensor x = stack[0].toTensor(), weight = stack[1].toTensor();
  const at::Tensor bias = stack[2].isTensor() ? stack[2].toTensor() : at::Tensor();
  if (!fits(x, weight)) return false;
  if (bias.defined() && !(bias.is_cpu() && bias.dim() == 1 && bias.size(0) == weight.size(0) && bias.is_contiguous() &&
                          bias.scalar_type() == x.scalar_type()))
    return false;
  if (!hasLinearOf(x.scalar_type())) return false;
  const bool recorded = at::GradMode::is_enabled() &&
                        (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
  at::Tensor result = recorded ? LinearLayer::apply(x, weight, bias)
                               : linearProduct(x, weight, bias);
  stack.clear();
  stack.emplace_back(std::move(result));
  return true;
}

}  // namespace rin
