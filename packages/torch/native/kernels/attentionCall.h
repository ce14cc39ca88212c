// What the kernels of attention (attention.h) are called with, whatever the processor.
#pragma once

#include <cstdint>

namespace rin {

constexpr float log2e = 1.4426950408889634F;

constexpr int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

struct AttentionCall;

// Rows of a tensor [batch, heads, tokens, width], whose width is contiguous. Strides are in elements.
struct Rows {
  void* data = nullptr;
  int64_t sample = 0, head = 0, token = 0;
  template <typename Element>
  Element* at(int64_t which, const AttentionCall& call) const;
};

struct AttentionCall {
  int64_t heads, queries, keys, width;
  float scale;
  Rows q, k, v, out;
  float* logSums;                 // [batch, heads, queries], log₂ Σ 2^(s·log₂e) of each query; null = not wanted
  Rows grad, byQ, byK, byV;       // of a backward pass
};

template <typename Element>
Element* Rows::at(int64_t which, const AttentionCall& call) const {
  return static_cast<Element*>(data) + which / call.heads * sample + which % call.heads * head;
}

// The kernels for one kind of processor and of element. They compute one head of one sample. `scratch` is memory of float32
// values, whose number depends on the call.
struct AttentionKernels {
  int64_t (*forwardScratch)(const AttentionCall&);
  void (*forward)(const AttentionCall&, int64_t head, float* scratch);
  int64_t (*backwardScratch)(const AttentionCall&);
  void (*backward)(const AttentionCall&, int64_t head, float* scratch);
};

}  // namespace rin
