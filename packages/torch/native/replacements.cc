// The operators that the addon computes in a faster way than libtorch, where it can.
#include "context.h"

namespace rin {

static std::atomic<bool> replaces{true};

template <Replacement replacement>
static bool unlessOff(torch::jit::Stack& stack) {
  return replaces && replacement(stack);
}

Replacement replacementOf(const c10::OperatorName& op) {
  if (!op.overload_name.empty()) return nullptr;
  if (op.name == "aten::conv3d") return unlessOff<replaceConvolution>;
  if (op.name == "aten::scaled_dot_product_attention") return unlessOff<replaceAttention>;
  return nullptr;
}

// setReplacements(whether) → the previous value, 0 or 1. Off: libtorch computes everything, for comparisons.
napi_value setReplacements(Call& call) { return call.make(static_cast<double>(replaces.exchange(call.boolean(0)))); }

}  // namespace rin
