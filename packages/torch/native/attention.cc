// Attention of small heads on a CPU, forward and backward. libtorch's kernel is made for long sequences and large heads. Heads of 32
// channels leave it at a third of the peak, and in bfloat16 its backward pass at a tenth. docs/speed.md has the figures.
#include "ownKernels.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

namespace rin {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Longer keys or wider heads do not stay in the fast memory of a core.
constexpr int64_t longestKeys = 4096, widestHead = 128;

static Rows rowsOf(const at::Tensor& x) { return {x.data_ptr(), x.stride(0), x.stride(1), x.stride(2)}; }

// The same tensor with contiguous rows.
static at::Tensor withRows(const at::Tensor& x) { return x.stride(3) == 1 || x.size(3) == 1 ? x : x.contiguous(); }

// A tensor like x, whose heads of a token lie side by side in memory.
static at::Tensor besideEachOther(const at::Tensor& x) {
  const int64_t heads = x.size(1), tokens = x.size(2), width = x.size(3);
  return at::empty_strided(x.sizes(), {tokens * heads * width, width, heads * width, 1}, x.options());
}

static AttentionCall attentionCall(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out,
                                   const at::Tensor& logSums, double scale) {
  AttentionCall call{};
  call.heads = q.size(1), call.queries = q.size(2), call.keys = k.size(2), call.width = q.size(3);
  call.scale = static_cast<float>(scale);
  call.q = rowsOf(q), call.k = rowsOf(k), call.v = rowsOf(v), call.out = rowsOf(out);
  call.logSums = logSums.defined() ? logSums.data_ptr<float>() : nullptr;
  return call;
}

// softmax(q·kᵀ·scale)·v, and log₂ of the sums of the softmax if they are wanted.
static at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale, at::Tensor* logSums) {
  RECORD_FUNCTION("rin::attention", std::vector<c10::IValue>({q, k, v}));
  if (logSums != nullptr) *logSums = at::empty({q.size(0), q.size(1), q.size(2)}, q.options().dtype(at::kFloat));
  at::Tensor out = besideEachOther(q);
  const AttentionKernels& kernels = kernelsFor(q.scalar_type())->attention;
  const AttentionCall call = attentionCall(q, k, v, out, logSums != nullptr ? *logSums : at::Tensor(), scale);
  eachPart(call, q.size(0) * call.heads, kernels.forwardScratch(call), kernels.forward);
  return out;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            double scale) {
    at::Tensor logSums;
    at::Tensor out = attend(q, k, v, scale, &logSums);
    context->save_for_backward({q, k, v, out, logSums});
    context->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &logSums = saved[4];
    const double scale = context->saved_data["scale"].toDouble();
    if (!gradients[0].defined()) return variable_list(4);
    if (at::GradMode::is_enabled()) return differentiable(gradients[0], q, k, v, scale);
    RECORD_FUNCTION("rin::attention_backward", std::vector<c10::IValue>({gradients[0], q, k, v}));
    const at::Tensor grad = withRows(gradients[0]);
    const at::Tensor byQ = besideEachOther(q), byK = besideEachOther(k), byV = besideEachOther(v);
    AttentionCall call = attentionCall(q, k, v, out, logSums, scale);
    call.grad = rowsOf(grad), call.byQ = rowsOf(byQ), call.byK = rowsOf(byK), call.byV = rowsOf(byV);
    const AttentionKernels& kernels = kernelsFor(q.scalar_type())->attention;
    eachPart(call, q.size(0) * call.heads, kernels.backwardScratch(call), kernels.backward);
    return {byQ, byK, byV, at::Tensor()};
  }

 private:
  // The gradients by libtorch's operators, for gradients of gradients.
  static variable_list differentiable(const at::Tensor& grad, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                      double scale) {
    const at::Tensor weights = at::softmax(at::matmul(q, k.transpose(2, 3)) * scale, -1);
    const at::Tensor byWeights = at::matmul(grad, v.transpose(2, 3));
    const at::Tensor byScores = weights * (byWeights - (byWeights * weights).sum(-1, true)) * scale;
    return {at::matmul(byScores, k), at::matmul(byScores.transpose(2, 3), q), at::matmul(weights.transpose(2, 3), grad),
            at::Tensor()};
  }
};

static bool isPlain(const at::Tensor& x, const at::Tensor& like) {
  return x.defined() && x.dim() == 4 && x.is_cpu() && x.layout() == at::kStrided && x.numel() > 0 &&
         !x.is_neg() && !x._is_zerotensor() &&
         x.scalar_type() == like.scalar_type() && x.size(0) == like.size(0) && x.size(1) == like.size(1) &&
         x.size(3) == like.size(3);
}

// scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, *, scale, enable_gqa)
bool replaceAttention(torch::jit::Stack& stack) {
  if (at::autocast::is_autocast_enabled(at::kCPU)) return false;
  for (int i = 0; i < 3; i++) {
    if (!stack[i].isTensor()) return false;
  }
  const at::Tensor &query = stack[0].toTensor(), &key = stack[1].toTensor(), &value = stack[2].toTensor();
  if (!query.defined() || query.dim() != 4 || !isPlain(query, query) || !isPlain(key, query) || !isPlain(value, query)) return false;
  if (key.size(2) != value.size(2) || key.size(2) > longestKeys || query.size(3) > widestHead) return false;
  if (!stack[3].isNone() && !(stack[3].isTensor() && !stack[3].toTensor().defined())) return false;
  if (stack[4].toDouble() != 0 || stack[5].toBool() || stack[7].toBool()) return false;
  if (kernelsFor(query.scalar_type()) == nullptr) return false;
  const double scale = stack[6].isNone() ? 1 / std::sqrt(static_cast<double>(query.size(3))) : stack[6].toDouble();
  if (!(scale >= 0)) return false;  // the kernels take the largest product as the largest logit
  const at::Tensor q = withRows(query), k = withRows(key), v = withRows(value);
  const bool recorded = at::GradMode::is_enabled() && (q.requires_grad() || k.requires_grad() || v.requires_grad());
  at::Tensor result = recorded ? Attention::apply(q, k, v, scale) : attend(q, k, v, scale, nullptr);
  stack.clear();
  stack.emplace_back(std::move(result));
  return true;
}

}  // namespace rin
