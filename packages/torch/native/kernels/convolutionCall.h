// What the kernels of the convolution (convolution.h) are called with, whatever the processor.
#pragma once

#include <cstdint>

namespace rin {

// y = SiLU(GroupNorm(depthwise(x))) of tokens [B, n, d], which are a grid of up to three axes. Missing axes have size 1.
struct ConvolutionCall {
  int64_t grid[3], kernel[3];      // n is the product of the grid; the sizes of the kernel are odd
  int64_t channels, groups, taps;  // d; groups of channels; the product of the kernel
  int64_t band;                    // channels that a thread computes together, from bandOf
  float eps;
  const void* x;                   // channels are contiguous; y and byX are contiguous
  int64_t sample, token;           // strides of x, in elements
  const float *weight, *bias;      // [taps, d] and [d]
  const float *gain, *shift;       // γ and β of the norm, [d]
  void* y;
  const void* grad;                // of a backward pass, contiguous as y
  void* byX;
  float* byParameters;             // [B, taps + 3, d]: by weight, bias, gain and shift, for each sample alone
  int64_t tokens() const { return grid[0] * grid[1] * grid[2]; }
  int64_t bands() const { return channels / band; }
};

// The kernels for one kind of processor and of element. They compute one band of one sample; which = sample·bands + band.
// `scratch` is memory of float32 values, whose number depends on the call.
struct ConvolutionKernels {
  // The smallest number of channels of whole groups and whole vectors.
  int64_t (*bandOf)(int64_t groupSize);
  int64_t (*scratch)(const ConvolutionCall&);
  void (*forward)(const ConvolutionCall&, int64_t which, float* scratch);
  void (*backward)(const ConvolutionCall&, int64_t which, float* scratch);
};

constexpr int64_t widestBand = 1024, mostTaps = 343;  // 7 × 7 × 7

}  // namespace rin
