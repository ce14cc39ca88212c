// Checks before the calls of a few operators, for arguments that would crash libtorch.
#include "context.h"

#include <ATen/ScalarOps.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/result_type.h>

namespace rin {

using Stack = torch::jit::Stack;

// Each tensor of a list takes hundreds of bytes, even if it is empty.
static constexpr int64_t maxParts = 1'000'000;

static void limitParts(int64_t count) {
  TORCH_CHECK(count <= maxParts, count, " parts are too many: one call makes at most ", maxParts,
              "; use fewer and larger parts");
}

// Size of a dimension; 0 if it does not exist, because the operator itself reports that.
static int64_t elementsAlong(const Stack& stack, size_t dimArgument) {
  if (!stack[0].isTensor() || !stack[0].toTensor().defined() || !stack[dimArgument].isInt()) return 0;
  const at::Tensor& tensor = stack[0].toTensor();
  const int64_t dim = stack[dimArgument].toInt();
  const int64_t wrapped = dim < 0 ? dim + tensor.dim() : dim;
  return wrapped >= 0 && wrapped < tensor.dim() ? tensor.size(wrapped) : 0;
}

// unbind(self, dim)
static void guardUnbind(const Stack& stack) { limitParts(elementsAlong(stack, 1)); }

// split(self, size of a part, dim)
static void guardSplit(const Stack& stack) {
  if (!stack[1].isInt() || stack[1].toInt() <= 0) return;
  const int64_t size = elementsAlong(stack, 2), part = stack[1].toInt();
  limitParts(size / part + (size % part > 0));
}

// chunk(self, number of parts, dim): at most one part for each element
static void guardChunk(const Stack& stack) {
  if (stack[1].isInt()) limitParts(std::min(stack[1].toInt(), elementsAlong(stack, 2)));
}

// tensor_split(self, number of parts, dim) and the like: parts may be empty
static void guardSections(const Stack& stack) {
  if (stack[1].isInt()) limitParts(stack[1].toInt());
}

// div(self, other, rounding mode): the processor traps if the least integer is divided by −1 in mode "trunc".
static void guardDivision(const Stack& stack) {
  if (!stack[0].isTensor() || !stack[2].isString() || stack[2].toStringRef() != "trunc") return;
  const at::Tensor& self = stack[0].toTensor();
  if (!self.defined() || !self.is_cpu()) return;
  const bool isTensor = stack[1].isTensor();
  if (isTensor && !stack[1].toTensor().defined()) return;
  const at::Tensor other = isTensor ? stack[1].toTensor() : at::native::wrapped_scalar_tensor(stack[1].toScalar());
  const at::ScalarType dtype = at::result_type(self, other);
  if (dtype != at::kInt && dtype != at::kLong) return;
  const int64_t least = dtype == at::kInt ? std::numeric_limits<int32_t>::min() : std::numeric_limits<int64_t>::min();
  const at::Tensor isMinusOne = other.to(dtype).eq(-1);
  if (!isMinusOne.any().item<bool>()) return;
  const at::Tensor isLeast = self.to(dtype).eq(at::Scalar(least));
  TORCH_CHECK(!isLeast.logical_and(isMinusOne).any().item<bool>(), least, " divided by -1 does not fit in ",
              dtype == at::kInt ? "int32" : "int64");
}

Guard guardOf(const c10::OperatorName& op) {
  const std::string& name = op.name;
  const auto is = [&](std::initializer_list<const char*> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto& overload = op.overload_name;
  if (is({"aten::div", "aten::div_", "aten::divide", "aten::divide_"}) && overload.find("mode") != std::string::npos)
    return guardDivision;
  if (is({"aten::unbind", "aten::unbind_copy"}) && overload != "Dimname") return guardUnbind;
  if (is({"aten::split", "aten::split_copy", "aten::unsafe_split"}) && overload != "sizes") return guardSplit;
  if (is({"aten::chunk", "aten::unsafe_chunk"})) return guardChunk;
  if (is({"aten::tensor_split", "aten::hsplit", "aten::vsplit", "aten::dsplit"})) return guardSections;
  return nullptr;
}

}  // namespace rin
