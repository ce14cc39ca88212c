// Depthwise convolution over three axes whose gradients are fast on a CPU. libtorch leaves them to oneDNN, whose loops for them are
// slow: in bfloat16 they took forty times as long as the convolution itself. docs/speed.md has the figures.
#include "context.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/conv3d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Frames from to from + count of a tensor [B, C, T, H, W], side by side: [B·count, C, H, W], channels last.
static at::Tensor frames(const at::Tensor& x, int64_t from, int64_t count) {
  return x.narrow(2, from, count).permute({0, 2, 3, 4, 1}).flatten(0, 1).permute({0, 3, 1, 2});
}

// y[t] = Σ_i w_i ∗ x[t + i − r], where w_i is the i-th slice of the kernel along the first axis, and r its middle.
struct Depthwise : torch::autograd::Function<Depthwise> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return at::conv3d(x, weight, bias, 1, middle(weight), 1, weight.size(0));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor grad = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d);
    variable_list results(3);
    // By x: the same convolution, with the kernel reversed along each axis.
    if (context->needs_input_grad(0))
      results[0] = at::conv3d(grad, weight.flip({2, 3, 4}), {}, 1, middle(weight), 1, weight.size(0));
    if (context->needs_input_grad(1)) results[1] = byWeight(grad, x.contiguous(at::MemoryFormat::ChannelsLast3d), weight);
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) results[2] = grad.sum({0, 2, 3, 4});
    return results;
  }

 private:
  static std::vector<int64_t> middle(const at::Tensor& weight) {
    return {weight.size(2) / 2, weight.size(3) / 2, weight.size(4) / 2};
  }

  // By the i-th slice: the gradient of a convolution of single frames, over all pairs of frames at a distance of i − r.
  static at::Tensor byWeight(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& weight) {
    std::vector<at::Tensor> slices;
    for (int64_t i = 0; i < weight.size(2); i++) {
      const at::Tensor slice = weight.select(2, i);
      const int64_t distance = i - weight.size(2) / 2, count = x.size(2) - std::abs(distance);
      slices.push_back(count <= 0 ? at::zeros_like(slice)
                                  : std::get<1>(at::convolution_backward(
                                        frames(grad, std::max<int64_t>(-distance, 0), count),
                                        frames(x, std::max<int64_t>(distance, 0), count), slice, std::nullopt, {1, 1},
                                        {weight.size(3) / 2, weight.size(4) / 2}, {1, 1}, false, {0, 0}, weight.size(0),
                                        {false, true, false})));
    }
    return at::stack(slices, 2);
  }
};

// Whether a list of an operator has this value for each axis; a list of one stands for all axes.
static bool isList(const c10::IValue& value, const std::vector<int64_t>& expected) {
  if (!value.isIntList()) return false;
  const auto list = value.toIntVector();
  for (size_t i = 0; i < expected.size(); i++) {
    if (list.size() != 1 && list.size() != expected.size()) return false;
    if (list[list.size() == 1 ? 0 : i] != expected[i]) return false;
  }
  return true;
}

static bool isFast(const at::Tensor& tensor) {
  return tensor.defined() && tensor.dim() == 5 && tensor.is_cpu() && tensor.numel() > 0 &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kBFloat16);
}

// conv3d(x, weight, bias, stride, padding, dilation, groups)
bool replaceConvolution(torch::jit::Stack& stack) {
  if (!at::GradMode::is_enabled() || at::autocast::is_autocast_enabled(at::kCPU)) return false;
  if (!stack[0].isTensor() || !stack[1].isTensor() || !stack[6].isInt()) return false;
  const at::Tensor &x = stack[0].toTensor(), &weight = stack[1].toTensor();
  if (!isFast(x) || !isFast(weight) || !(x.requires_grad() || weight.requires_grad())) return false;
  const int64_t channels = x.size(1);
  std::vector<int64_t> middle;
  for (int64_t axis = 2; axis < 5; axis++) {
    if (weight.size(axis) % 2 == 0) return false;
    middle.push_back(weight.size(axis) / 2);
  }
  if (weight.size(0) != channels || weight.size(1) != 1 || stack[6].toInt() != channels) return false;
  if (x.scalar_type() != weight.scalar_type()) return false;
  if (!isList(stack[3], {1, 1, 1}) || !isList(stack[4], middle) || !isList(stack[5], {1, 1, 1})) return false;
  std::optional<at::Tensor> bias;
  if (stack[2].isTensor() && stack[2].toTensor().defined()) bias = stack[2].toTensor();
  at::Tensor result = Depthwise::apply(x, weight, bias);
  stack.clear();
  stack.emplace_back(std::move(result));
  return true;
}

}  // namespace rin
