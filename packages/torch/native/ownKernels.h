// How kernels of our own are chosen, and how several threads run them with memory of their own.
#pragma once

#include "context.h"
#include "kernels/simd.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <ATen/ops/empty.h>

namespace rin {

// All kernels for one kind of processor and of element.
struct OwnKernels {
  const AttentionKernels& attention;
  const ConvolutionKernels& convolution;
  const RowsKernels& rows;
};

// The kernels for this processor; null if there are none.
inline const OwnKernels* kernelsFor([[maybe_unused]] at::ScalarType dtype) {
#if defined(__x86_64__)
  static constexpr OwnKernels forAvx2{avx2::attentionKernels, avx2::convolutionKernels, avx2::rowsKernels};
  static constexpr OwnKernels forAvx512{avx512::attentionKernels, avx512::convolutionKernels, avx512::rowsKernels};
  static constexpr OwnKernels forBfloat16{avx512bf16::attentionKernels, avx512bf16::convolutionKernels,
                                          avx512bf16::rowsKernels};
  // ATEN_CPU_CAPABILITY limits these kernels as it limits libtorch's own.
  const std::string capability = at::get_cpu_capability();
  const bool has512 = capability == "AVX512";
  if (dtype == at::kBFloat16 && has512 && __builtin_cpu_supports("avx512bf16")) return &forBfloat16;
  if (dtype == at::kFloat && has512) return &forAvx512;
  if (dtype == at::kFloat && capability == "AVX2") return &forAvx2;
#endif
  return nullptr;
}

// Computes all parts of a call, each by one thread, with `words` floats of memory. Which thread computes a part changes no bit of it.
template <typename Call>
void eachPart(const Call& call, int64_t parts, int64_t words, void (*compute)(const Call&, int64_t, float*)) {
  const int64_t apart = roundUp(words, 64);
  const at::Tensor scratch = at::empty({std::min<int64_t>(parts, at::get_num_threads()), apart}, at::kFloat);
  float* memory = scratch.data_ptr<float>();
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++) compute(call, part, memory + at::get_thread_num() * apart);
  });
}

}  // namespace rin
