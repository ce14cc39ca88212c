// Eight float32 lanes of AVX2. simd.h includes this file in a namespace.
using V = __m256;
constexpr int64_t lanes = 8;

RIN_INLINE V load(const float* from) { return _mm256_loadu_ps(from); }
RIN_INLINE void store(float* to, V x) { _mm256_storeu_ps(to, x); }
RIN_INLINE __m256i first(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
// The first `count` lanes, fewer than all; the others are 0.
RIN_INLINE V loadPart(const float* from, int64_t count) { return _mm256_maskload_ps(from, first(count)); }
RIN_INLINE void storePart(float* to, V x, int64_t count) { _mm256_maskstore_ps(to, first(count), x); }
RIN_INLINE V onlyFirst(V x, int64_t count) { return _mm256_and_ps(x, (V)first(count)); }
RIN_INLINE V spread(float x) { return _mm256_set1_ps(x); }
RIN_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }    // a·b + c
RIN_INLINE V fms(V a, V b, V c) { return _mm256_fmsub_ps(a, b, c); }    // a·b − c
// The larger one; b if one of them is NaN.
RIN_INLINE V most(V a, V b) { return _mm256_max_ps(a, b); }
// The smaller one; b if one of them is NaN.
RIN_INLINE V least(V a, V b) { return _mm256_min_ps(a, b); }
RIN_INLINE float sum(V x) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps(half, half, 1)));
}
RIN_INLINE V magnitude(V x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
// x ≥ 0 with the sign of y
RIN_INLINE V signedAs(V x, V y) { return _mm256_or_ps(x, _mm256_and_ps(y, _mm256_set1_ps(-0.0F))); }

// The values that the last four bits of each lane number
RIN_INLINE V pick(const float (&values)[16], V number) {
  const V low = _mm256_permutevar8x32_ps(load(values), (__m256i)number);
  const V high = _mm256_permutevar8x32_ps(load(values + 8), (__m256i)number);
  return _mm256_blendv_ps(low, high, (V)_mm256_slli_epi32((__m256i)number, 28));  // by the fourth bit
}

// a₀ b₀ a₁ b₁ … of the first halves, and of the second ones.
RIN_INLINE V zipLow(V a, V b) { return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x20); }
RIN_INLINE V zipHigh(V a, V b) { return _mm256_permute2f128_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b), 0x31); }

// 2^whole·x; whole numbers from −150 to 127. Below −126 it is 0; NaN stays.
RIN_INLINE V scaled(V x, V whole) {
  const __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127)), 23);
  const V isNormal = _mm256_cmp_ps(whole, _mm256_set1_ps(-126), _CMP_NLT_UQ);
  return _mm256_and_ps(isNormal, _mm256_mul_ps(x, _mm256_castsi256_ps(exponent)));
}
