// Sixteen float32 lanes of AVX-512. simd.h includes this file in a namespace for each kind of element.
using V = __m512;
constexpr int64_t lanes = 16;

RIN_INLINE V load(const float* from) { return _mm512_loadu_ps(from); }
RIN_INLINE void store(float* to, V x) { _mm512_storeu_ps(to, x); }
RIN_INLINE V spread(float x) { return _mm512_set1_ps(x); }
RIN_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }    // a·b + c
RIN_INLINE V fms(V a, V b, V c) { return _mm512_fmsub_ps(a, b, c); }    // a·b − c
// The larger one; b if one of them is NaN.
RIN_INLINE V most(V a, V b) { return _mm512_max_ps(a, b); }
RIN_INLINE float sum(V x) { return _mm512_reduce_add_ps(x); }

// a₀ b₀ a₁ b₁ … of the first halves, and of the second ones.
RIN_INLINE V zipLow(V a, V b) {
  return _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
RIN_INLINE V zipHigh(V a, V b) {
  return _mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
}

// 2^whole·x; whole numbers from −150 to 127
RIN_INLINE V scaled(V x, V whole) { return _mm512_scalef_ps(x, whole); }
