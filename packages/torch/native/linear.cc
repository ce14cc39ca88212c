// A linear layer, and the GELU behind it or the residual before it, on a CPU. docs/speed.md has the figures.
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
  runRows(kernelsFor(x.scalar_type())->rows.gelu, call, x.numel() / call.columns);
  return out;
}

// Whether oneDNN computes a product with this many multiplications. libtorch leaves float32 to MKL, which is slower on processors
// that are not Intel's. A call of oneDNN takes some microseconds longer, so small products stay with MKL.
static bool isOneDnns(const at::Tensor& x, int64_t outputs) {
#if defined(__x86_64__)
  constexpr int64_t fewest = 1 << 23;
  return x.scalar_type() == at::kFloat && x.numel() * outputs >= fewest && !__builtin_cpu_is("intel") &&
         at::globalContext().userEnabledMkldnn() && isReplaced("aten::linear");
#else
  return false;
#endif
}

// x·Wᵀ + b
static at::Tensor linearOf(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  const auto oneDnn = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  if (!isOneDnns(x, weight.size(0)) || !oneDnn.has_value()) return at::linear(x, weight, bias);
  torch::jit::Stack stack{x, weight, bias, "none", c10::List<std::optional<at::Scalar>>(), ""};
  oneDnn->callBoxed(&stack);
  return stack[0].toTensor();
}

// added + x·Wᵀ + b. libtorch writes the bias where MKL then adds the product. So `added` can stand there too, and needs no pass of
// its own.
static at::Tensor addLinear(const at::Tensor& added, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (isOneDnns(x, weight.size(0))) return linearOf(x, weight, bias).add_(added);
  at::Tensor out = at::empty(added.sizes(), added.options().requires_grad(false));
  {
    RECORD_FUNCTION("rin::add_bias", std::vector<c10::IValue>({added, bias}));
    RowsCall call{};
    call.columns = added.size(-1), call.x = added.data_ptr(), call.bias = bias.data_ptr(), call.out = out.data_ptr();
    runRows(kernelsFor(x.scalar_type())->rows.addBias, call, added.numel() / call.columns);
  }
  out.view({-1, out.size(-1)}).addmm_(matrixOf(x), weight.t());
  return out;
}

// The gradients of x·Wᵀ by x and W, where they are needed. That by x needs no x, and that by W no W.
static std::pair<at::Tensor, at::Tensor> productGradients(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& weight,
                                                          bool byX, bool byWeight) {
  const at::Tensor matrix = matrixOf(grad);
  at::Tensor first, second;
  if (byX) {
    std::vector<int64_t> sizes = grad.sizes().vec();
    sizes.back() = weight.size(1);
    first = at::mm(matrix, weight).view(sizes);
  }
  if (byWeight) second = at::mm(matrix.t(), matrixOf(x));
  return {first, second};
}

static at::Tensor sumOfRows(const at::Tensor& grad) {
  RECORD_FUNCTION("rin::sum", std::vector<c10::IValue>({grad}));
  RowsCall call{};
  call.columns = grad.size(-1), call.grad = grad.data_ptr();
  const SummingKernel kernel = kernelsFor(grad.scalar_type())->rows.sum;
  return runSumming(kernel, call, grad.numel() / call.columns, call.columns).to(grad.scalar_type());
}

struct LinearGelu : torch::autograd::Function<LinearGelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor linear = linearOf(x, weight, bias);
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
      const SummingKernel kernel = kernelsFor(linear.scalar_type())->rows.geluBackward;
      byBias = runSumming(kernel, call, linear.numel() / call.columns, call.columns).to(linear.scalar_type());
    }
    const auto [byInput, byFactor] = productGradients(by, x, weight, byX, byWeight);
    return {byInput, byFactor, byBias};
  }
};

// x·Wᵀ + b, and what it is added to; b and that may be absent
struct LinearSum : torch::autograd::Function<LinearSum> {
  static at::Tensor forward(AutogradContext* context, const std::optional<at::Tensor>& added, const at::Tensor& x,
                            const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
    const at::AutoDispatchBelowADInplaceOrView guard;
    context->save_for_backward({weight.requires_grad() ? x : at::Tensor(), x.requires_grad() ? weight : at::Tensor()});
    context->saved_data["added"] = added.has_value(), context->saved_data["bias"] = bias.has_value();
    return added.has_value() ? addLinear(*added, x, weight, *bias) : linearOf(x, weight, bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    if (!gradients[0].defined()) return variable_list(4);
    // Only arguments that are tensors have a number there.
    const int64_t first = context->saved_data["added"].toBool() ? 1 : 0;
    const at::Tensor grad = gradients[0].contiguous();
    const auto [byInput, byFactor] =
        productGradients(grad, x, weight, context->needs_input_grad(first), context->needs_input_grad(first + 1));
    at::Tensor byBias;
    if (context->saved_data["bias"].toBool()) byBias = at::GradMode::is_enabled() ? matrixOf(grad).sum(0) : sumOfRows(grad);
    return {first == 1 ? grad : at::Tensor(), byInput, byFactor, byBias};
  }
};

// Whether the kernels take x [..., inputs], W [outputs, inputs] and b [outputs].
static bool isFastLinear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  if (at::autocast::is_autocast_enabled(at::kCPU) || !x.defined() || kernelsFor(x.scalar_type()) == nullptr) return false;
  const at::ScalarType dtype = x.scalar_type();
  return hasRows(x, dtype) && hasRows(weight, dtype) && x.dim() > 1 && weight.dim() == 2 && x.size(-1) == weight.size(1) &&
         (!bias.has_value() || isRow(*bias, dtype, weight.size(0)));
}

// linear(input, weight, bias)
bool replaceLinear(torch::jit::Stack& stack) {
  if (!stack[0].isTensor() || !stack[1].isTensor()) return false;
  const at::Tensor x = stack[0].toTensor(), weight = stack[1].toTensor();
  std::optional<at::Tensor> bias;
  if (stack[2].isTensor() && stack[2].toTensor().defined()) bias = stack[2].toTensor();
  if (!isFastLinear(x, weight, bias) || !isOneDnns(x, weight.size(0))) return false;
  stack.clear();
  if (isRecorded({x, weight, bias.value_or(at::Tensor())})) {
    stack.emplace_back(LinearSum::apply(std::nullopt, x, weight, bias));
  } else {
    const at::AutoDispatchBelowADInplaceOrView guard;
    stack.emplace_back(linearOf(x, weight, bias));
  }
  return true;
}

// linear_gelu(x, weight, bias)
bool fuseLinearGelu(torch::jit::Stack& stack) {
  const at::Tensor x = stack[0].toTensor(), weight = stack[1].toTensor(), bias = stack[2].toTensor();
  if (!isFastLinear(x, weight, bias)) return false;
  stack.clear();
  if (isRecorded({x, weight, bias})) {
    stack.emplace_back(LinearGelu::apply(x, weight, bias));
  } else {
    const at::AutoDispatchBelowADInplaceOrView guard;
    const at::Tensor linear = linearOf(x, weight, bias);
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
    stack.emplace_back(LinearSum::apply(added, x, weight, bias));
  } else {
    const at::AutoDispatchBelowADInplaceOrView guard;
    stack.emplace_back(addLinear(added, x, weight, bias));
  }
  return true;
}

}  // namespace rin
