// Copies from the CPU to a CUDA device that do not wait for the work that the device still has to do.
#pragma once
#include <ATen/ATen.h>

namespace rin {

// libtorch keeps pinned memory for the next copy, so that much of it would be lost to other programs.
constexpr int64_t mostPinned = int64_t{1} << 28;  // bytes

// Memory of the CPU to fill before `upload`. For CUDA it is pinned: only from there the device copies by itself.
inline at::Tensor staging(at::IntArrayRef sizes, at::ScalarType dtype, const c10::Device& device) {
  const int64_t bytes = c10::multiply_integers(sizes) * static_cast<int64_t>(c10::elementSize(dtype));
  return at::empty(sizes, at::TensorOptions(dtype).pinned_memory(device.is_cuda() && bytes <= mostPinned));
}

// Queues the copy of memory from `staging`. libtorch's allocator of pinned memory notes it, and does not lend the memory again
// before it is done. Other memory is read before the call returns.
inline at::Tensor upload(const at::Tensor& staged, const c10::Device& device) {
  return device.is_cpu() ? staged : staged.to(device, staged.scalar_type(), /*non_blocking=*/staged.is_pinned());
}

}  // namespace rin
