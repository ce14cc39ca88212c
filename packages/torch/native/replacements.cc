// The operators that the addon computes in a faster way than libtorch, where it can.
#include "context.h"

#include <array>

namespace rin {

struct Replaced {
  const char* name;
  Replacement run;
  std::atomic<bool> isOn{true};
};

// No constructor runs for it: the main thread and each worker load this library.
static constinit std::array<Replaced, 4> replaced{{
    {"rin::convolution", nullptr},  // no operator: several of them, by convolution.cc
    {"aten::conv3d", replaceConvolution},
    {"aten::reshape", replaceReshape},
    {"aten::scaled_dot_product_attention", replaceAttention},
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

Replacement replacementOf(const c10::OperatorName& op) {
  return op.overload_name.empty() ? find(op.name, std::make_index_sequence<replaced.size()>()) : nullptr;
}

bool isOwn(const std::string& name) {
  return std::any_of(replaced.begin(), replaced.end(), [&](const Replaced& each) { return name == each.name && each.isOn; });
}

// setReplacement(operator, whether) → the previous value, 0 or 1. Off: libtorch computes it, for comparisons.
napi_value setReplacement(Call& call) {
  const std::string name = call.text(0);
  for (Replaced& each : replaced) {
    if (name == each.name) return call.make(static_cast<double>(each.isOn.exchange(call.boolean(1))));
  }
  TORCH_CHECK(false, "the addon does not compute ", name);
}

}  // namespace rin
