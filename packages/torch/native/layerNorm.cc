// LayerNorm over the last axis on a CPU, forward and backward. docs/speed.md has the figures.
#include "rowKernels.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// `moments` [2, rows] gets the mean and 1/√(variance + eps) of each row, if it is defined.
static at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                            const at::Tensor& moments) {
  RECORD_FUNCTION("rin::layer_norm", std::vector<c10::IValue>({x, weight, bias}));
  at::Tensor out = at::empty(x.sizes(), x.options().requires_grad(false));
  RowsCall call{};
  const int64_t rows = x.numel() / x.size(-1);
  call.columns = x.size(-1), call.eps = static_cast<float>(eps);
  call.x = x.data_ptr(), call.weight = weight.data_ptr(), call.bias = bias.data_ptr(), call.out = out.data_ptr();
  if (moments.defined()) call.means = moments.data_ptr<float>(), call.factors = call.means + rows;
  runRows(kernelsFor(x.scalar_type())->rows.layerNorm, call, rows);
  return out;
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            double eps) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor moments = at::empty({2, x.numel() / x.size(-1)}, at::kFloat);
    context->save_for_backward({x, weight, bias, moments});
    context->saved_data["eps"] = eps;
    return layerNorm(x, weight, bias, eps, moments);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &moments = saved[3];
    if (!gradients[0].defined()) return variable_list(4);
    if (at::GradMode::is_enabled()) return differentiable(gradients[0], x, weight, bias, context->saved_data["eps"].toDouble());
    const at::Tensor grad = gradients[0].contiguous(), by = at::empty_like(x);
    RECORD_FUNCTION("rin::layer_norm_backward", std::vector<c10::IValue>({grad, x, weight}));
    RowsCall call{};
    const int64_t columns = x.size(-1), rows = x.numel() / columns;
    call.columns = columns, call.x = x.data_ptr(), call.weight = weight.data_ptr(), call.grad = grad.data_ptr();
    call.out = by.data_ptr(), call.means = moments.data_ptr<float>(), call.factors = call.means + rows;
    const at::Tensor sums = runSumming(kernelsFor(x.scalar_type())->rows.layerNormBackward, call, rows, 2 * columns);
    const at::Tensor byRows = sums.to(weight.scalar_type());
    return {by, byRows.narrow(0, 0, columns).clone(), byRows.narrow(0, columns, columns).clone(), at::Tensor()};
  }

 private:
  // The gradients by libtorch's operators, for gradients of gradients.
  static variable_list differentiable(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                      double eps) {
    const int64_t columns = x.size(-1);
    const auto [y, mean, factor] = at::native_layer_norm(x.detach(), {columns}, weight.detach(), bias.detach(), eps);
    const auto [byX, byWeight, byBias] =
        at::native_layer_norm_backward(grad, x, {columns}, mean, factor, weight, bias, {true, true, true});
    return {byX, byWeight, byBias, at::Tensor()};
  }
};

// layer_norm(input, normalized_shape, weight, bias, eps, cudnn_enable)
bool replaceLayerNorm(torch::jit::Stack& stack) {
  if (at::autocast::is_autocast_enabled(at::kCPU)) return false;
  if (!stack[0].isTensor() || !stack[1].isIntList() || !stack[2].isTensor() || !stack[3].isTensor()) return false;
  const at::Tensor x = stack[0].toTensor(), weight = stack[2].toTensor(), bias = stack[3].toTensor();
  if (!x.defined() || !hasRows(x, x.scalar_type()) || !x.is_contiguous() || kernelsFor(x.scalar_type()) == nullptr) return false;
  const std::vector<int64_t> shape = stack[1].toIntVector();
  if (shape.size() != 1 || shape[0] != x.size(-1)) return false;
  if (!isRow(weight, x.scalar_type(), shape[0]) || !isRow(bias, x.scalar_type(), shape[0])) return false;
  const double eps = stack[4].toDouble();
  stack.clear();
  if (isRecorded({x, weight, bias})) {
    stack.emplace_back(LayerNorm::apply(x, weight, bias, eps));
  } else {
    stack.emplace_back(layerNorm(x, weight, bias, eps, at::Tensor()));
  }
  return true;
}

}  // namespace rin
