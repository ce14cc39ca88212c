// Reshapes that must copy, on a CPU. libtorch copies single rows of the innermost axis. That is slow if these have a few elements,
// as the channels of a pixel have in patches. docs/speed.md has the figures.
#include "context.h"

#include <ATen/Parallel.h>
#include <ATen/TensorUtils.h>
#include <ATen/ops/empty.h>
#include <ATen/record_function.h>

namespace rin {

// The elements in their order, one block of the three innermost axes after the other.
template <typename Element>
static void copyBlocks(const at::Tensor& from, Element* to) {
  const auto sizes = from.sizes(), strides = from.strides();
  const int64_t outer = from.dim() - 3, n0 = sizes[outer], n1 = sizes[outer + 1], n2 = sizes[outer + 2];
  const int64_t s0 = strides[outer], s1 = strides[outer + 1], s2 = strides[outer + 2];
  const Element* data = static_cast<const Element*>(from.const_data_ptr());
  const int64_t size = n0 * n1 * n2;
  at::parallel_for(0, from.numel() / size, std::max<int64_t>(1, 32768 / size), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      const Element* source = data;
      for (int64_t axis = outer - 1, rest = block; axis >= 0; rest /= sizes[axis], axis--) source += rest % sizes[axis] * strides[axis];
      Element* target = to + block * size;
      for (int64_t i = 0; i < n0; i++, source += s0, target += n1 * n2) {
        const auto copy = [&](int64_t j, int64_t k) { target[j * n2 + k] = source[j * s1 + k * s2]; };
        if (n1 < n2) {
          for (int64_t j = 0; j < n1; j++) for (int64_t k = 0; k < n2; k++) copy(j, k);
        } else {  // long loops inside
          for (int64_t k = 0; k < n2; k++) for (int64_t j = 0; j < n1; j++) copy(j, k);
        }
      }
    }
  });
}

// reshape(x, shape)
bool replaceReshape(torch::jit::Stack& stack) {
  if (!stack[0].isTensor() || !stack[1].isIntList()) return false;
  const at::Tensor& x = stack[0].toTensor();
  if (!x.defined() || !x.is_cpu() || x.layout() != at::kStrided || x.dim() < 3 || x.numel() == 0) return false;
  if (x.is_conj() || x.is_neg() || (at::GradMode::is_enabled() && x.requires_grad())) return false;
  if (x.stride(-1) == 1) return false;  // libtorch copies such rows well
  const auto bytes = x.element_size();
  if (bytes != 2 && bytes != 4) return false;
  const std::vector<int64_t> shape = stack[1].toIntVector();
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size <= 0; })) return false;  // −1 is left to libtorch
  if (c10::multiply_integers(shape) != x.numel() || at::detail::computeStride(x.sizes(), x.strides(), shape)) return false;
  RECORD_FUNCTION("rin::reshape", std::vector<c10::IValue>({x}));
  at::Tensor result = at::empty(shape, x.options());
  if (bytes == 4) copyBlocks(x, static_cast<uint32_t*>(result.data_ptr()));
  else copyBlocks(x, static_cast<uint16_t*>(result.data_ptr()));
  stack.clear();
  stack.emplace_back(std::move(result));
  return true;
}

}  // namespace rin
