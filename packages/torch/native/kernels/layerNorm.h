// LayerNorm of rows, forward and backward. simd.h includes this file for each kind of element.
//
//     n = (x − mean)·factor,  y = n·weight + bias          factor = 1/√(variance + eps)
//     dx = factor·(dn − mean of dn − n·(mean of dn∘n)),  dn = dy∘weight;  dweight = Σ dy∘n,  dbias = Σ dy over the rows
//
// A row stays in the fast memory of a core, so each is read several times.
RIN_FUNCTION void layerNormRows(const RowsCall& call, int64_t begin, int64_t end) {
  const Element *weight = rowOf(call.weight, call, 0), *bias = rowOf(call.bias, call, 0);
  const int64_t columns = call.columns, whole = columns / lanes * lanes;
  for (int64_t i = begin; i < end; i++) {
    const Element* x = rowOf(call.x, call, i);
    Element* out = outRow(call, i);
    V total = spread(0), squares = spread(0);
    for (int64_t j = 0; j < columns; j += lanes) total = total + readUpTo(x + j, columns - j);
    const float mean = sum(total) / static_cast<float>(columns);
    const V shift = spread(mean);
    for (int64_t j = 0; j < whole; j += lanes) {
      const V d = read(x + j) - shift;
      squares = fma(d, d, squares);
    }
    if (whole < columns) {
      const V d = onlyFirst(readPart(x + whole, columns - whole) - shift, columns - whole);
      squares = fma(d, d, squares);
    }
    const float factor = 1 / std::sqrt(sum(squares) / static_cast<float>(columns) + call.eps);
    const V by = spread(factor);
    for (int64_t j = 0; j < columns; j += lanes) {
      const int64_t count = columns - j;
      const V n = (readUpTo(x + j, count) - shift) * by;
      writeUpTo(out + j, fma(n, readUpTo(weight + j, count), readUpTo(bias + j, count)), count);
    }
    if (call.means != nullptr) call.means[i] = mean, call.factors[i] = factor;
  }
}

RIN_FUNCTION void layerNormBackwardRows(const RowsCall& call, int64_t begin, int64_t end, float* sums) {
  const Element* weight = rowOf(call.weight, call, 0);
  const int64_t columns = call.columns;
  std::memset(sums, 0, 2 * columns * sizeof(float));
  for (int64_t i = begin; i < end; i++) {
    const Element *x = rowOf(call.x, call, i), *grad = rowOf(call.grad, call, i);
    Element* out = outRow(call, i);
    const V shift = spread(call.means[i]), factor = spread(call.factors[i]);
    V total = spread(0), products = spread(0);
    for (int64_t j = 0; j < columns; j += lanes) {
      const int64_t count = columns - j;
      const V g = readUpTo(grad + j, count), n = (readUpTo(x + j, count) - shift) * factor;
      const V dn = g * readUpTo(weight + j, count);
      total = total + dn;
      products = fma(dn, n, products);
      addUpTo(sums + j, g * n, count);
      addUpTo(sums + columns + j, g, count);
    }
    const V mean = spread(sum(total) / static_cast<float>(columns)), slope = spread(sum(products) / static_cast<float>(columns));
    for (int64_t j = 0; j < columns; j += lanes) {
      const int64_t count = columns - j;
      const V n = (readUpTo(x + j, count) - shift) * factor;
      const V dn = readUpTo(grad + j, count) * readUpTo(weight + j, count);
      writeUpTo(out + j, (dn - mean - n * slope) * factor, count);
    }
  }
}

constexpr RowsKernels rowsKernels{addBiasRows, geluRows, geluBackwardRows, sumRows, layerNormRows, layerNormBackwardRows};
