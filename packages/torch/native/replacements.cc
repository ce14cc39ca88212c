// What the addon computes in a faster way than libtorch, where it can: operators, and several operators as one.
#include "context.h"

#include <array>

namespace rin {

struct Replaced {
  const char* name;
  Replacement run;
  std::atomic<bool> isOn{true};
};

// No constructor runs for it: the main thread and each worker load this library. The names of several operators as one begin
// with rin.
static constinit std::array<Replaced, 8> replaced{{
    {"aten::conv3d", replaceConvolution},
    {"aten::reshape", replaceReshape},
    {"aten::scaled_dot_product_attention", replaceAttention},
    {"aten::layer_norm", replaceLayerNorm},
    {"aten::linear", replaceLinear},
    {"rin::linear_gelu", fuseLinearGelu},
    {"rin::linear_added", fuseLinearAdded},
    {"rin::convolution", fuseConvolution},
}};

template <size_t index>
static bool runReplaced(torch::jit::Stack& stack) {
  return replaced[index].isOn && replaced[index].run(stack);
}

template <size_t... indices>
static Replacement find(const std::string& name, std::index_sequence<indices...>) {
  Replacement found = nullptr;
  ((name == replaced[indices].name ? void(found = runReplaced<indices>) : void()), ...);
  return found;
}

static Replacement find(const std::string& name) { return find(name, std::make_index_sequence<replaced.size()>()); }

Replacement replacementOf(const c10::OperatorName& op) { return op.overload_name.empty() ? find(op.name) : nullptr; }

// Whether it is on.
bool isReplaced(const char* name) {
  return std::any_of(replaced.begin(), replaced.end(),
                     [&](const Replaced& each) { return std::string_view(name) == each.name && each.isOn; });
}

// fused(name, tensors, numbers) → the results of several operators as one; an empty list if libtorch must compute them
napi_value fused(Call& call) {
  const Replacement run = find(call.text(0));
  TORCH_CHECK(run != nullptr, "the addon does not compute it");
  torch::jit::Stack stack;
  for (at::Tensor& tensor : call.tensors(1)) stack.emplace_back(std::move(tensor));
  stack.emplace_back(call.numbers(2));
  std::vector<at::Tensor> results;
  if (run(stack)) {
    for (const c10::IValue& result : stack) results.push_back(result.toTensor());
  }
  return call.make(results);
}

// setReplacement(name, whether) → the previous value, 0 or 1. Off: libtorch computes it, for comparisons.
napi_value setReplacement(Call& call) {
  const std::string name = call.text(0);
  for (Replaced& each : replaced) {
    if (name == each.name) return call.make(static_cast<double>(each.isOn.exchange(call.boolean(1))));
  }
  TORCH_CHECK(false, "the addon does not compute ", name);
}

}  // namespace rin
