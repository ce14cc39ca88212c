// Sixteen float32 lanes of AVX-512. simd.h includes this file in a namespace for each kind of element.
using V = __m512;
constexpr int64_t lanes = 16;

RIN_INLINE V load(const float* from) { return _mm512_loadu_ps(from); }
RIN_INLINE void store(float* to, V x) { _mm512_storeu_ps(to, x); }
RIN_INLINE __mmask16 first(int64_t count) { return static_cast<__mmask16>((1 << count) - 1); }
// The first `count` lanes, fewer than all; the others are 0.
RIN_INLINE V loadPart(const float* from, int64_t count) { return _mm512_maskz_loadu_ps(first(count), from); }
RIN_INLINE void storePart(float* to, V x, int64_t count) { _mm512_mask_storeu_ps(to, first(count), x); }
RIN_INLINE V onlyFirst(V x, int64_t count) { return _mm512_maskz_mov_ps(first(count), x); }
RIN_INLINE V spread(float x) { return _mm512_set1_ps(x); }
RIN_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }    // a·b + c
RIN_INLINE V fms(V a, V b, V c) { return _mm512_fmsub_ps(a, b, c); }    // a·b − c
// The larger one; b if one of them is NaN.
RIN_INLINE V most(V a, V b) { return _mm512_max_ps(a, b); }
// The smaller one; b if one of them is NaN.
RIN_INLINE V least(V a, V b) { return _mm512_min_ps(a, b); }
RIN_INLINE float sum(V x) { return _mm512_reduce_add_ps(x); }
RIN_INLINE V magnitude(V x) { return _mm512_abs_ps(x); }
// x ≥ 0 with the sign of y
RIN_INLINE V signedAs(V x, V y) { return _mm512_or_ps(x, _mm512_and_ps(y, _mm512_set1_ps(-0.0F))); }

// The values that the last four bits of each lane number
RIN_INLINE V pick(const float (&values)[16], V number) { return _mm512_permutexvar_ps((__m512i)number, load(values)); }

// a₀ b₀ a₁ b₁ … of the first halves, and of the second ones.
RIN_INLINE V zipLow(V a, V b) {
  return _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
RIN_INLINE V zipHigh(V a, V b) {
  return _mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
}

// 2^whole·x; whole numbers from −150 to 127
RIN_INLINE V scaled(V x, V whole) { return _mm512_scalef_ps(x, whole); }
