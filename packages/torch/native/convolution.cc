// The convolution on the interface, y = SiLU(GroupNorm(depthwise(x))), of tokens [B, n, d] on a CPU, forward and backward in one
// pass each. libtorch needs an operator for each part, and its GroupNorm is slow for few channels. docs/speed.md has the figures.
#include "rowKernels.h"

#include <ATen/ops/convolution.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/silu.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What is computed, besides tensors.
struct MapShape {
  std::vector<int64_t> grid;
  int64_t groups;
  double eps;
};

// x [B, n, d], weight [d, 1, ...kernel]; bias, gain and shift [d]
using MapInputs = std::array<at::Tensor, 5>;

static ConvolutionCall convolutionCall(const MapInputs& inputs, const at::Tensor& taps, const MapShape& shape) {
  const auto& [x, weight, bias, gain, shift] = inputs;
  ConvolutionCall call{};
  const size_t axes = shape.grid.size();
  for (size_t i = 0; i < 3; i++) {
    const bool exists = i + axes >= 3;
    call.grid[i] = exists ? shape.grid[i + axes - 3] : 1;
    call.kernel[i] = exists ? weight.size(static_cast<int64_t>(i + axes) - 1) : 1;
  }
  call.channels = x.size(2), call.groups = shape.groups, call.taps = taps.size(0);
  call.band = kernelsFor(x.scalar_type())->convolution.bandOf(call.channels / call.groups);
  call.eps = static_cast<float>(shape.eps);
  call.x = x.data_ptr(), call.sample = x.stride(0), call.token = x.stride(1);
  call.weight = taps.data_ptr<float>(), call.bias = bias.data_ptr<float>();
  call.gain = gain.data_ptr<float>(), call.shift = shift.data_ptr<float>();
  return call;
}

// [d, 1, ...kernel] → [taps, d]
static at::Tensor tapsOf(const at::Tensor& weight) { return weight.detach().flatten(1).t().contiguous(); }

static at::Tensor convolved(const MapInputs& inputs, const MapShape& shape) {
  RECORD_FUNCTION("rin::convolution", std::vector<c10::IValue>({inputs[0], inputs[1]}));
  const at::Tensor& x = inputs[0];
  const at::Tensor taps = tapsOf(inputs[1]);
  at::Tensor y = at::empty(x.sizes(), x.options());
  ConvolutionCall call = convolutionCall(inputs, taps, shape);
  call.y = y.data_ptr();
  const ConvolutionKernels& kernels = kernelsFor(x.scalar_type())->convolution;
  eachPart(call, x.size(0) * call.bands(), kernels.scratch(call), kernels.forward);
  return y;
}

// The same by libtorch's operators.
static at::Tensor convolvedPlainly(const MapInputs& inputs, const MapShape& shape) {
  const auto& [x, weight, bias, gain, shift] = inputs;
  std::vector<int64_t> sizes{x.size(0), x.size(2)}, middle;
  sizes.insert(sizes.end(), shape.grid.begin(), shape.grid.end());
  for (size_t i = 0; i < shape.grid.size(); i++) middle.push_back(weight.size(static_cast<int64_t>(i) + 2) / 2);
  const std::vector<int64_t> ones(middle.size(), 1), zeros(middle.size(), 0);
  const auto like = [&](const at::Tensor& parameter) { return parameter.to(x.scalar_type()); };
  const at::Tensor map = at::convolution(x.transpose(1, 2).reshape(sizes), like(weight), like(bias), ones, middle, ones, false,
                                         zeros, x.size(2));
  return at::silu(at::group_norm(map, shape.groups, like(gain), like(shift), shape.eps)).flatten(2).transpose(1, 2);
}

struct MapConvolution : torch::autograd::Function<MapConvolution> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& gain, const at::Tensor& shift, std::vector<int64_t> grid, int64_t groups,
                            double eps) {
    context->save_for_backward({x, weight, bias, gain, shift});
    context->saved_data["grid"] = grid;
    context->saved_data["groups"] = groups;
    context->saved_data["eps"] = eps;
    return convolved({x, weight, bias, gain, shift}, {std::move(grid), groups, eps});
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const MapInputs inputs{saved[0], saved[1], saved[2], saved[3], saved[4]};
    const MapShape shape{context->saved_data["grid"].toIntVector(), context->saved_data["groups"].toInt(),
                         context->saved_data["eps"].toDouble()};
    variable_list results(8);
    if (!gradients[0].defined()) return results;
    if (at::GradMode::is_enabled()) {
      // Gradients by other names of the inputs: x may itself depend on the weight, and that path is not this function's.
      MapInputs named = inputs;
      variable_list wanted;
      for (at::Tensor& input : named) {
        if (input.requires_grad()) wanted.push_back(input = input.view_as(input));
      }
      const at::Tensor y = convolvedPlainly(named, shape);
      const variable_list found = torch::autograd::grad({y}, wanted, {gradients[0]}, true, true);
      for (size_t i = 0, next = 0; i < inputs.size(); i++) {
        if (inputs[i].requires_grad()) results[i] = found[next++];
      }
      return results;
    }
    RECORD_FUNCTION("rin::convolution_backward", std::vector<c10::IValue>({gradients[0], inputs[0], inputs[1]}));
    const at::Tensor &x = inputs[0], &weight = inputs[1];
    const at::Tensor taps = tapsOf(weight), grad = gradients[0].contiguous();
    results[0] = at::empty(x.sizes(), x.options());
    const int64_t count = taps.size(0);
    const at::Tensor byParameters = at::empty({x.size(0), count + 3, x.size(2)}, taps.options());
    ConvolutionCall call = convolutionCall(inputs, taps, shape);
    call.grad = grad.data_ptr(), call.byX = results[0].data_ptr(), call.byParameters = byParameters.data_ptr<float>();
    const ConvolutionKernels& kernels = kernelsFor(x.scalar_type())->convolution;
    eachPart(call, x.size(0) * call.bands(), kernels.scratch(call), kernels.backward);
    const at::Tensor sums = byParameters.sum(0);
    results[1] = sums.narrow(0, 0, count).t().reshape(weight.sizes());
    for (int64_t i = 0; i < 3; i++) results[i + 2] = sums.select(0, count + i).clone();  // each with a memory of its own
    return results;
  }
};

static bool areFast(const MapInputs& inputs, const MapShape& shape) {
  const auto& [x, weight, bias, gain, shift] = inputs;
  if (at::autocast::is_autocast_enabled(at::kCPU)) return false;
  if (!hasRows(x, x.scalar_type()) || x.dim() != 3 || x.stride(2) != 1) return false;
  const OwnKernels* kernels = kernelsFor(x.scalar_type());
  if (kernels == nullptr) return false;
  const int64_t channels = x.size(2), axes = static_cast<int64_t>(shape.grid.size());
  if (axes < 1 || axes > 3 || c10::multiply_integers(shape.grid) != x.size(1)) return false;
  if (std::any_of(shape.grid.begin(), shape.grid.end(), [](int64_t side) { return side < 1; })) return false;
  if (shape.groups < 1 || channels % shape.groups != 0) return false;
  const int64_t band = kernels->convolution.bandOf(channels / shape.groups);
  if (band > widestBand || channels % band != 0) return false;
  for (const at::Tensor& each : {bias, gain, shift}) {
    if (!isRow(each, at::kFloat, channels)) return false;
  }
  if (!hasRows(weight, at::kFloat) || weight.dim() != axes + 2 || weight.size(0) != channels || weight.size(1) != 1) return false;
  if (weight.numel() / channels > mostTaps) return false;
  for (int64_t axis = 2; axis < weight.dim(); axis++) {
    if (weight.size(axis) % 2 == 0) return false;
  }
  return true;
}

// convolution(x, weight, bias, gain, shift, [eps, groups, ...grid])
bool fuseConvolution(torch::jit::Stack& stack) {
  MapInputs inputs;
  for (size_t i = 0; i < inputs.size(); i++) inputs[i] = stack[i].toTensor();
  const std::vector<double> numbers = stack[5].toDoubleVector();
  const MapShape shape{{numbers.begin() + 2, numbers.end()}, static_cast<int64_t>(numbers[1]), numbers[0]};
  if (!areFast(inputs, shape)) return false;
  const auto& [x, weight, bias, gain, shift] = inputs;
  stack.clear();
  stack.emplace_back(isRecorded({x, weight, bias, gain, shift})
                         ? MapConvolution::apply(x, weight, bias, gain, shift, shape.grid, shape.groups, shape.eps)
                         : convolved(inputs, shape));
  return true;
}

}  // namespace rin
