// What the kernels beside the products of linear layers (rows.h, layerNorm.h) are called with, whatever the processor.
#pragma once

#include <cstdint>

namespace rin {

// Contiguous matrices [rows, columns] and rows [columns] of elements. A kernel computes the rows from begin to end.
struct RowsCall {
  int64_t columns;
  const void* x;
  const void* weight;       // a row; of a LayerNorm
  const void* bias;         // a row
  const void* grad;         // of a backward pass
  void* out;                // may be x
  float eps;                // of a LayerNorm
  float *means, *factors;   // of a LayerNorm: the mean and 1/√(variance + eps) of each row; null = not wanted
};

using RowsKernel = void (*)(const RowsCall&, int64_t begin, int64_t end);
// `sums` gets sums over these rows.
using SummingKernel = void (*)(const RowsCall&, int64_t begin, int64_t end, float* sums);

// The kernels for one kind of processor and of element.
struct RowsKernels {
  RowsKernel addBias, gelu;
  SummingKernel geluBackward;     // sums [columns]: of the result
  SummingKernel sum;              // sums [columns]: of grad
  RowsKernel layerNorm;
  SummingKernel layerNormBackward;  // sums [2, columns]: the gradients by the weight and by the bias
};

}  // namespace rin
