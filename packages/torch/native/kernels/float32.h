// Elements of float32 in 32-bit words. bfloat16.h has the same names, with two elements in a word.
using Element = float;
constexpr int64_t packed = 1;  // elements in a word

// Elements as float32 lanes, and back: as many as there are lanes, or only the first `count`.
RIN_INLINE V read(const Element* from) { return load(from); }
RIN_INLINE V readPart(const Element* from, int64_t count) { return loadPart(from, count); }
RIN_INLINE void write(Element* to, V x) { store(to, x); }
RIN_INLINE void writePart(Element* to, V x, int64_t count) { storePart(to, x, count); }

// sum + a·b for each word
RIN_INLINE V multiply(V sum, V a, V b) { return fma(a, b, sum); }

// Two neighbouring rows as words: each of its own, and both together, where elements of a pair stand in one word.
RIN_INLINE void storeRows(V first, V second, float* rows, int64_t stride, float* /*pairs*/) {
  store(rows, first);
  store(rows + stride, second);
}

// Rows in which pairs stand in one word, for products that sum over rows. One element in a word: the rows themselves.
RIN_INLINE const float* pairsOf(const float* rows, int64_t /*count*/, int64_t /*stride*/, float* /*to*/, int64_t /*width*/) {
  return rows;
}

// Σ a·b over a row of words
RIN_INLINE float dotOf(const float* a, const float* b, int64_t words) {
  V total = spread(0);
  for (int64_t i = 0; i < words; i += lanes) total = fma(load(a + i), load(b + i), total);
  return sum(total);
}

// Writes factor·from, a row of float32.
RIN_FUNCTION void writeRow(const float* from, float factor, Element* to, int64_t width) {
  const V by = spread(factor);
  int64_t i = 0;
  for (; i + lanes <= width; i += lanes) store(to + i, load(from + i) * by);
  for (; i < width; i++) to[i] = from[i] * factor;
}
