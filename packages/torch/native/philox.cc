// Gives the same bits as packages/core/src/random.ts: Philox4x32-10 (Salmon et al. 2011) and Box-Muller. Every operation is an
// integer operation or one that IEEE 754 rounds exactly. The order is the same, and none is fused (-ffp-contract=off).
// The loops over lanes have no branches or tables, so that the compiler makes vector code of them.
#include "context.h"
#include "upload.h"

#include <ATen/Parallel.h>

// Makes sqrt one instruction (its argument is never negative) and vectorises loops. No option changes a result. The options are
// for this file only, because all files are compiled as one. clang knows no such options, and traps no mathematics anyway.
#if !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math", "fp-contract=off")
#endif

#if defined(__x86_64__) && !defined(__clang__) && __GNUC__ >= 12
#define RIN_EACH_CPU __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#elif defined(__x86_64__)
#define RIN_EACH_CPU __attribute__((target_clones("default", "avx2")))
#else
#define RIN_EACH_CPU
#endif

namespace rin {

constexpr int64_t lanes = 64;  // Philox blocks of 4 words that are computed together

struct Stream {
  uint32_t key[2];     // seed low, high
  uint32_t counter[3]; // sample low; step; purpose · 2^24 + sample high
};

static inline __attribute__((always_inline)) double fromBits(uint64_t bits) {
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static inline __attribute__((always_inline)) uint64_t toBits(double value) {
  uint64_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

// x as a double, exactly. It is built from bits, because few CPUs convert vectors of unsigned integers.
static inline __attribute__((always_inline)) double exact(uint32_t x) {
  return fromBits(0x4330000000000000u | x) - 4503599627370496.0;
}

// ln((2x + 1) / 2^33). The argument is m 2^length with m in [0.707, 1.414). length is the number of bits of x. It is one more
// if the top byte of x, shifted to its highest bit, is at least 181: then adding 75 to the mantissa's top 7 bits carries.
static inline __attribute__((always_inline)) double logUniform(uint32_t x) {
  const double whole = exact(x);
  const int64_t exponent = static_cast<int64_t>((toBits(whole) + (75ull << 45)) >> 52);
  const int64_t length = x == 0 ? 0 : exponent - 1022;
  const double m = (2 * whole + 1) * fromBits(static_cast<uint64_t>(1023 - length) << 52);
  const double f = m - 1;
  const double s = f / (f + 2);
  const double z = s * s;
  double p = 0.14617270076255864;
  p = p * z + 0.15331655208184797;
  p = p * z + 0.18182891123236233;
  p = p * z + 0.22222211107364268;
  p = p * z + 0.28571428626143575;
  p = p * z + 0.39999999999899133;
  p = p * z + 0.666666666666667;
  return (exact(static_cast<uint32_t>(length)) - 33) * 0.6931471805599453 + (2 * s + s * z * p);
}

// r cos(2 pi v) and r sin(2 pi v); r from the word x, v = (2y + 1) / 2^33
static inline __attribute__((always_inline)) void boxMuller(uint32_t x, uint32_t y, float& first, float& second) {
  const double r = __builtin_sqrt(-2 * logUniform(x));
  const uint32_t q = (y + 0x20000000u) >> 30;
  const double angle = (2 * static_cast<double>(static_cast<int32_t>(y - (q << 30))) + 1) *
                       (3.141592653589793 / 4294967296.0);
  const double z = angle * angle;
  double p = 1.5918129294866608e-10;
  p = p * z + -2.5051131845003624e-8;
  p = p * z + 2.755731610255244e-6;
  p = p * z + -0.00019841269836758574;
  p = p * z + 0.008333333333330948;
  p = p * z + -0.16666666666666666;
  const double sine = angle + angle * z * p;
  p = -1.1382632425521717e-11;
  p = p * z + 2.08761462684032e-9;
  p = p * z + -2.7557317271729793e-7;
  p = p * z + 2.480158729876569e-5;
  p = p * z + -0.0013888888888887398;
  p = p * z + 0.041666666666666664;
  const double cosine = 1 - 0.5 * z + z * z * p;
  const int32_t turn = static_cast<int32_t>(q), even = 1 - (turn & 1);
  const double a = static_cast<double>((1 - turn) * even);        // cos(q pi/2)
  const double b = static_cast<double>((2 - turn) * (1 - even));  // sin(q pi/2)
  first = static_cast<float>(r * (cosine * a - sine * b));
  second = static_cast<float>(r * (cosine * b + sine * a));
}

using Words = uint32_t[4][lanes];

// The words of `lanes` Philox blocks from block `start` on.
static inline __attribute__((always_inline)) void drawWords(const Stream& stream, uint32_t start, Words& words) {
  for (int64_t i = 0; i < lanes; i++) {
    uint32_t c0 = start + static_cast<uint32_t>(i), c1 = stream.counter[0], c2 = stream.counter[1], c3 = stream.counter[2];
    uint32_t k0 = stream.key[0], k1 = stream.key[1];
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      const uint64_t a = static_cast<uint64_t>(c0) * 0xd2511f53u, b = static_cast<uint64_t>(c2) * 0xcd9e8d57u;
      c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(b);
      c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(a);
      k0 += 0x9e3779b9u;
      k1 += 0xbb67ae85u;
    }
    words[0][i] = c0;
    words[1][i] = c1;
    words[2][i] = c2;
    words[3][i] = c3;
  }
}

// The normals of these blocks: 4 for each.
RIN_EACH_CPU static void fillLanes(const Stream& stream, uint32_t start, float* out) {
  Words words;
  float normals[4][lanes];
  drawWords(stream, start, words);
  for (int64_t i = 0; i < lanes; i++) boxMuller(words[0][i], words[1][i], normals[0][i], normals[1][i]);
  for (int64_t i = 0; i < lanes; i++) boxMuller(words[2][i], words[3][i], normals[2][i], normals[3][i]);
  for (int64_t i = 0; i < lanes; i++) {
    for (int64_t j = 0; j < 4; j++) out[4 * i + j] = normals[j][i];
  }
}

// The words of these blocks, as they are.
RIN_EACH_CPU static void fillLanes(const Stream& stream, uint32_t start, int32_t* out) {
  Words words;
  drawWords(stream, start, words);
  for (int64_t i = 0; i < lanes; i++) {
    for (int64_t j = 0; j < 4; j++) out[4 * i + j] = static_cast<int32_t>(words[j][i]);
  }
}

// Rows of equal length, one for each sample.
template <typename T>
static void fillRows(T* data, int64_t count, uint64_t seed, uint32_t purpose, uint32_t step,
                     const std::vector<int64_t>& samples) {
  constexpr int64_t part = 4 * lanes;
  const int64_t rows = static_cast<int64_t>(samples.size()), width = rows == 0 ? 0 : count / rows;
  const int64_t parts = (width + part - 1) / part;
  at::parallel_for(0, rows * parts, 32, [&](int64_t begin, int64_t end) {
    T rest[part];
    for (int64_t task = begin; task < end; task++) {
      const uint64_t sample = static_cast<uint64_t>(samples[task / parts]);
      const Stream stream = {{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                             {static_cast<uint32_t>(sample), step, purpose << 24 | static_cast<uint32_t>(sample >> 32)}};
      const int64_t at = task % parts * part, length = std::min(part, width - at);
      T* target = data + task / parts * width + at;
      fillLanes(stream, static_cast<uint32_t>(at / 4), length == part ? target : rest);
      if (length < part) std::memcpy(target, rest, length * sizeof(T));
    }
  });
}

template <typename T>
static napi_value fill(Call& call, at::ScalarType dtype) {
  const at::Tensor& target = call.tensor(0);
  const uint64_t seed = static_cast<uint64_t>(call.integer(1));
  const uint32_t purpose = static_cast<uint32_t>(call.integer(2)), step = static_cast<uint32_t>(call.integer(3));
  const std::vector<int64_t> samples = call.integers(4);
  TORCH_CHECK(target.is_contiguous(), "expected a contiguous tensor");
  const at::Tensor out = target.is_cpu() ? target : staging(target.sizes(), dtype, target.device());
  fillRows(out.mutable_data_ptr<T>(), target.numel(), seed, purpose, step, samples);
  at::NoGradGuard noGrad;
  if (target.is_cpu()) target.unsafeGetTensorImpl()->bump_version();
  else target.detach().copy_(out, /*non_blocking=*/out.is_pinned());
  return call.nothing();
}

// philoxNormals(out float32 [B, …] contiguous, seed, purpose, step, samples): row b gets the normals of samples[b]
napi_value philoxNormals(Call& call) { return fill<float>(call, at::kFloat); }

// philoxWords(out int32 [B, …] contiguous, …): row b gets the 32-bit words of samples[b]
napi_value philoxWords(Call& call) { return fill<int32_t>(call, at::kInt); }

}  // namespace rin

#if !defined(__clang__)
#pragma GCC pop_options
#endif
