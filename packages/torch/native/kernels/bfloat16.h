// Elements of bfloat16, two in a 32-bit word: the first one is in the lower half. For AVX512-BF16.
using Element = c10::BFloat16;
constexpr int64_t packed = 2;  // elements in a word

// sum + a₀·b₀ + a₁·b₁ for each word
RIN_INLINE V multiply(V sum, V a, V b) { return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b); }

RIN_INLINE __m256i rounded(V x) { return (__m256i)_mm512_cvtneps_pbh(x); }

RIN_INLINE __m256i elements(const float* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from)); }

// Elements as float32 lanes, and back: as many as there are lanes, or only the first `count`.
RIN_INLINE V read(const Element* from) {
  const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i_u*>(from));
  return (V)_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16);
}
RIN_INLINE V readPart(const Element* from, int64_t count) {
  return (V)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first(count), from)), 16);
}
RIN_INLINE void write(Element* to, V x) { _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(to), rounded(x)); }
RIN_INLINE void writePart(Element* to, V x, int64_t count) { _mm256_mask_storeu_epi16(to, first(count), rounded(x)); }

RIN_INLINE __m512i pair(__m256i first, __m256i second) {
  return _mm512_or_si512(_mm512_cvtepu16_epi32(first), _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

// Two neighbouring rows as words: each of its own, and both together, where elements of a pair stand in one word.
RIN_INLINE void storeRows(V first, V second, float* rows, int64_t stride, float* pairs) {
  const __m256i a = rounded(first), b = rounded(second);
  if (rows != nullptr) {
    _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(rows), a);
    _mm256_storeu_si256(reinterpret_cast<__m256i_u*>(rows + stride), b);
  }
  if (pairs != nullptr) _mm512_storeu_ps(pairs, (V)pair(a, b));
}

// Rows in which pairs stand in one word, for products that sum over rows: an even number of rows of words to half as many rows of
// `width` words.
RIN_FUNCTION const float* pairsOf(const float* rows, int64_t count, int64_t stride, float* to, int64_t width) {
  for (int64_t row = 0; row < count; row += 2) {
    const float *first = rows + row * stride, *second = first + stride;
    for (int64_t i = 0; i < width; i += lanes) {
      store(to + row / 2 * width + i, (V)pair(elements(first + i / 2), elements(second + i / 2)));
    }
  }
  return to;
}

// Σ a·b over a row of words
RIN_INLINE float dotOf(const float* a, const float* b, int64_t words) {
  V total = spread(0);
  for (int64_t i = 0; i < words; i += lanes) total = multiply(total, load(a + i), load(b + i));
  return sum(total);
}

// Writes factor·from, a row of float32.
RIN_FUNCTION void writeRow(const float* from, float factor, Element* to, int64_t width) {
  const V by = spread(factor);
  for (int64_t i = 0; i < width; i += lanes) {
    const auto mask = static_cast<__mmask16>(width - i >= lanes ? 0xffff : (1 << (width - i)) - 1);
    _mm256_mask_storeu_epi16(to + i, mask, rounded(load(from + i) * by));
  }
}
