// Products of small matrices of words, whose factors lie in fast memory. simd.h includes this file for each kind of element.
//
//     c[i, j] = Σ_k a(i, k)·b[k, j]       a(i, k) = a[k·lda + i], or a[i·row + k] for a constant row > 0
//
// The rows of c are a multiple of 8, and its columns a multiple of the lanes. Words of two elements sum over both.
template <int rows, int vectors, int row, bool adds>
RIN_FUNCTION void tile(const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t depth) {
  V sums[rows][vectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) sums[i][j] = adds ? load(c + i * ldc + j * lanes) : spread(0);
  }
  for (int64_t k = 0; k < depth; k++) {
    V right[vectors];
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) right[j] = load(b + j * lanes);
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
      const V left = spread(a[row > 0 ? i * row : i]);
#pragma GCC unroll 8
      for (int j = 0; j < vectors; j++) sums[i][j] = multiply(sums[i][j], left, right[j]);
    }
    a += row > 0 ? 1 : lda;
    b += ldb;
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; j++) store(c + i * ldc + j * lanes, sums[i][j]);
  }
}

template <int row, bool adds>
RIN_FUNCTION void product(const float* a, int64_t lda, const float* b, int64_t ldb, float* c, int64_t ldc, int64_t rows,
                          int64_t columns, int64_t depth) {
  constexpr int wide = lanes == 16 ? 4 : 2;  // vectors of a tile, as many as the registers hold with 4 rows
  int64_t j = 0;
  const auto at = [&](int64_t i) { return row > 0 ? a + i * row : a + i; };
  for (; j + wide * lanes <= columns; j += wide * lanes) {
    for (int64_t i = 0; i < rows; i += 4) tile<4, wide, row, adds>(at(i), lda, b + j, ldb, c + i * ldc + j, ldc, depth);
  }
  for (; lanes == 16 && j + 2 * lanes <= columns; j += 2 * lanes) {
    for (int64_t i = 0; i < rows; i += 8) tile<8, 2, row, adds>(at(i), lda, b + j, ldb, c + i * ldc + j, ldc, depth);
  }
  for (; j < columns; j += lanes) {
    for (int64_t i = 0; i < rows; i += 8) tile<8, 1, row, adds>(at(i), lda, b + j, ldb, c + i * ldc + j, ldc, depth);
  }
}

// The columns of a square of words as rows.
RIN_FUNCTION void turnSquare(const float* from, int64_t stride, float* to, int64_t toStride) {
  V rows[lanes], next[lanes];
#pragma GCC unroll 16
  for (int i = 0; i < lanes; i++) rows[i] = load(from + i * stride);
  // Each round exchanges one bit of the number of the row with one of the number of the column.
#pragma GCC unroll 4
  for (int round = 1; round < lanes; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < lanes / 2; i++) {
      next[2 * i] = zipLow(rows[i], rows[i + lanes / 2]);
      next[2 * i + 1] = zipHigh(rows[i], rows[i + lanes / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < lanes; i++) rows[i] = next[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < lanes; i++) store(to + i * toStride, rows[i]);
}

// [rows, words] → [words, rows]; both are multiples of the lanes
RIN_FUNCTION void turn(const float* from, int64_t rows, int64_t words, float* to, int64_t toStride) {
  for (int64_t i = 0; i < rows; i += lanes) {
    for (int64_t j = 0; j < words; j += lanes) turnSquare(from + i * words + j, words, to + j * toStride + i, toStride);
  }
}
