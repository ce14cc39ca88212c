// How the kernels that compute rows (kernels/rows.h, kernels/layerNorm.h) are run by several threads.
#pragma once

#include "ownKernels.h"

namespace rin {

// Rows are computed in blocks of this many, and sums over rows are sums of blocks. So which threads compute them changes no bit.
constexpr int64_t blockRows = 64;

template <typename Run>
void eachBlock(int64_t rows, int64_t columns, Run run) {
  const int64_t blocks = (rows + blockRows - 1) / blockRows;
  const int64_t grain = std::max<int64_t>(1, at::internal::GRAIN_SIZE / (blockRows * columns));
  at::parallel_for(0, blocks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) run(i, i * blockRows, std::min(rows, (i + 1) * blockRows));
  });
}

inline void runRows(RowsKernel kernel, const RowsCall& call, int64_t rows) {
  eachBlock(rows, call.columns, [&](int64_t, int64_t begin, int64_t end) { kernel(call, begin, end); });
}

// Runs a kernel with sums over all rows: [count] of them.
inline at::Tensor runSumming(SummingKernel kernel, const RowsCall& call, int64_t rows, int64_t count) {
  const int64_t blocks = (rows + blockRows - 1) / blockRows;
  const at::Tensor parts = at::empty({blocks, count}, at::kFloat);
  float* sums = parts.data_ptr<float>();
  eachBlock(rows, call.columns, [&](int64_t i, int64_t begin, int64_t end) { kernel(call, begin, end, sums + i * count); });
  for (int64_t i = 1; i < blocks; i++) {
    for (int64_t j = 0; j < count; j++) sums[j] += sums[i * count + j];
  }
  return blocks > 1 ? parts.select(0, 0).clone() : parts.select(0, 0);
}

// Whether the kernels can read it: on the CPU, of this dtype, not empty.
inline bool hasRows(const at::Tensor& x, at::ScalarType dtype) {
  return x.defined() && x.is_cpu() && x.layout() == at::kStrided && x.scalar_type() == dtype && x.dim() > 0 && x.numel() > 0 &&
         !x.is_neg() && !x._is_zerotensor();
}

inline bool isRow(const at::Tensor& x, at::ScalarType dtype, int64_t columns) {
  return hasRows(x, dtype) && x.dim() == 1 && x.size(0) == columns && x.is_contiguous();
}

// Whether a graph records a call with these tensors.
inline bool isRecorded(std::initializer_list<at::Tensor> tensors) {
  return at::GradMode::is_enabled() &&
         std::any_of(tensors.begin(), tensors.end(), [](const at::Tensor& x) { return x.defined() && x.requires_grad(); });
}

}  // namespace rin
