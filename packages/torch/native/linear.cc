// A linear layer and the GELU behind it, or the residual before it, on a CPU. libtorch writes the bias where the product is then
// added. So the residual can stand there too, and needs no pass of its own. docs/speed.md has the figures.
#include "rowKernels.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

static at::Tensor matrixOf(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

static at::Tensor gelu(const at::Tensor& x, const at::Tensor& out) {
  RECORD_FUNCTION("rin::gelu", std::vector<c10::IValue>({x}));
  RowsCall call{};
  call.columns = x.size(-1), call.x = x.data_ptr(), call.out = out.data_ptr();
  runRows(rowsKernelsFor(x.scalar_type())->gelu, call, x.numel() / call.columns);
  return out;
}

// added + x·Wᵀ + b
static at::Tensor addLinear(const at::Tensor& added, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor out = at::empty(added.sizes(), added.options().requires_grad(false));
  {
    RECORD_FUNCTION("rin::add_bias", std::vector<c10::IValue>({added, bias}));
    RowsCall call{};
    call.columns = added.size(-1), call.x = added.data_ptr(), call.bias = bias.data_ptr(), call.out = out.data_ptr();
    runRows(rowsKernelsFor(x.scalar_type())->addBias, call, added.numel() / call.columns);
  }
  out.view({-1, out.size(-1)}).addmm_(matrixOf(x), weight.t());
  return out;
}

// The gradients of x·Wᵀ by x and W, where they are needed
static std::pair<at::Tensor, at::Tensor> productGradients(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& weight,
                                                          bool byX, bool byWeight) {
  const at::Tensor matrix = matrixOf(grad);
  return {byX ? at::mm(matrix, weight).view(x.sizes()) : at::Tensor(),
          byWeight ? at::mm(matrix.t(), matrixOf(x)) : at::Tensor()};
}

struct LinearGelu : torch::autograd::Function<LinearGelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor linear = at::linear(x, weight, bias);
    context->save_for_backward({x, weight, linear, bias});
    return gelu(linear, at::empty_like(linear));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &linear = saved[2];
    if (!gradients[0].defined()) return variable_list(3);
    const bool byX = context->needs_input_grad(0), byWeight = context->needs_input_grad(1);
    if (at::GradMode::is_enabled()) {  // for gradients of gradients
      const at::Tensor by = at::gelu_backward(gradients[0], at::linear(x, weight, saved[3]));
      const auto [byInput, byFactor] = productGradients(by, x, weight, byX, byWeight);
      return {byInput, byFactor, matrixOf(by).sum(0)};
    }
    const at::Tensor grad = gradients[0].contiguous(), by = at::empty_like(linear);
    at::Tensor byBias;
    {
      RECORD_FUNCTION("rin::gelu_backward", std::vector<c10::IValue>({grad, linear}));
      RowsCall call{};
      call.columns = linear.size(-1), call.x = linear.data_ptr(), call.grad = grad.data_ptr(), call.out = by.data_ptr();
      const SummingKernel kernel = rowsKernelsFor(linear.scalar_type())->geluBackward;
      byBias = runSumming(kernel, call, linear.numel() / call.columns, call.columns).to(linear.scalar_type());
    }
    const auto [byInput, byFactor] = productGradients(by, x, weight, byX, byWeight);
    return {byInput, byFactor, byBias};
  }
};

struct LinearAdded : torch::autograd::Function<LinearAdded> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& added, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({x, weight});
    return addLinear(added, x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    if (!gradients[0].defined()) return variable_list(4);
    const at::Tensor grad = gradients[0].contiguous();
    const auto [byInput, byFactor] =
        productGradients(grad, x, weight, context->needs_input_grad(1), context->needs_input_grad(2));
    const at::Tensor byBias = at::GradMode::is_enabled() ? matrixOf(grad).sum(0) : sumOfRows(grad);
    return {grad, byInput, byFactor, byBias};
  }

 private:
  static at::Tensor sumOfRows(const at::Tensor& grad) {
    RECORD_FUNCTION("rin::sum", std::vector<c10::IValue>({grad}));
    RowsCall call{};
    call.columns = grad.size(-1), call.grad = grad.data_ptr();
    const SummingKernel kernel = rowsKernelsFor(grad.scalar_type())->sum;
    return runSumming(kernel, call, grad.numel() / call.columns, call.columns).to(grad.scalar_type());
  }
};

// Whether the kernels take x [..., inputs], W [outputs, inputs] and b [outputs].
static bool isFastLinear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (at::autocast::is_autocast_enabled(at::kCPU) || !x.defined() || rowsKernelsFor(x.scalar_type()) == nullptr) return false;
  const at::ScalarType dtype = x.scalar_type();
  return hasRows(x, dtype) && hasRows(weight, dtype) && x.dim() > 1 && weight.dim() == 2 && x.size(-1) == weight.size(1) &&
         isRow(bias, dtype, weight.size(0));
}

// linear_gelu(x, weight, bias)
bool fuseLinearGelu(torch::jit::Stack& stack) {
  const at::Tensor x = stack[0].toTensor(), weight = stack[1].toTensor(), bias = stack[2].toTensor();
  if (!isFastLinear(x, weight, bias)) return false;
  stack.clear();
  if (isRecorded({x, weight, bias})) {
    stack.emplace_back(LinearGelu::apply(x, weight, bias));
  } else {
    const at::Tensor linear = at::linear(x, weight, bias);
    stack.emplace_back(gelu(linear, linear));
  }
  return true;
}

// linear_added(added, x, weight, bias)
bool fuseLinearAdded(torch::jit::Stack& stack) {
  const at::Tensor added = stack[0].toTensor(), x = stack[1].toTensor(), weight = stack[2].toTensor(), bias = stack[3].toTensor();
  if (!isFastLinear(x, weight, bias) || !hasRows(added, x.scalar_type()) || !added.is_contiguous()) return false;
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = weight.size(0);
  if (added.sizes() != at::IntArrayRef(sizes)) return false;
  stack.clear();
  if (isRecorded({added, x, weight, bias})) {
    stack.emplace_back(LinearAdded::apply(added, x, weight, bias));
  } else {
    const at::AutoDispatchBelowADInplaceOrView guard;
    stack.emplace_back(addLinear(added, x, weight, bias));
  }
  return true;
}

}  // namespace rin
