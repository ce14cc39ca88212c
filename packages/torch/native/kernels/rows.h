// What stands before and behind the products of linear layers, row by row. simd.h includes this file for each kind of element.
RIN_INLINE V readUpTo(const Element* from, int64_t count) { return count >= lanes ? read(from) : readPart(from, count); }
RIN_INLINE void writeUpTo(Element* to, V x, int64_t count) { count >= lanes ? write(to, x) : writePart(to, x, count); }

RIN_INLINE void addUpTo(float* sums, V x, int64_t count) {
  if (count >= lanes) store(sums, load(sums) + x);
  else storePart(sums, loadPart(sums, count) + x, count);
}

RIN_INLINE const Element* rowOf(const void* matrix, const RowsCall& call, int64_t row) {
  return static_cast<const Element*>(matrix) + row * call.columns;
}

RIN_INLINE Element* outRow(const RowsCall& call, int64_t row) { return static_cast<Element*>(call.out) + row * call.columns; }

// x + bias
RIN_FUNCTION void addBiasRows(const RowsCall& call, int64_t begin, int64_t end) {
  const Element* bias = rowOf(call.bias, call, 0);
  for (int64_t i = begin; i < end; i++) {
    const Element* x = rowOf(call.x, call, i);
    Element* out = outRow(call, i);
    for (int64_t j = 0; j < call.columns; j += lanes) {
      const int64_t count = call.columns - j;
      writeUpTo(out + j, readUpTo(x + j, count) + readUpTo(bias + j, count), count);
    }
  }
}

// GELU(x)
RIN_FUNCTION void geluRows(const RowsCall& call, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    const Element* x = rowOf(call.x, call, i);
    Element* out = outRow(call, i);
    for (int64_t j = 0; j < call.columns; j += lanes) {
      const int64_t count = call.columns - j;
      writeUpTo(out + j, geluOf(readUpTo(x + j, count)), count);
    }
  }
}

// The gradient by x: grad ∘ GELU'(x)
RIN_FUNCTION void geluBackwardRows(const RowsCall& call, int64_t begin, int64_t end, float* sums) {
  std::memset(sums, 0, call.columns * sizeof(float));
  for (int64_t i = begin; i < end; i++) {
    const Element *x = rowOf(call.x, call, i), *grad = rowOf(call.grad, call, i);
    Element* out = outRow(call, i);
    for (int64_t j = 0; j < call.columns; j += lanes) {
      const int64_t count = call.columns - j;
      const V by = readUpTo(grad + j, count) * geluSlopeOf(readUpTo(x + j, count));
      writeUpTo(out + j, by, count);
      addUpTo(sums + j, by, count);
    }
  }
}

// The sums of the columns of grad
RIN_FUNCTION void sumRows(const RowsCall& call, int64_t begin, int64_t end, float* sums) {
  int64_t j = 0;
  for (; j + 4 * lanes <= call.columns; j += 4 * lanes) {
    V total[4] = {spread(0), spread(0), spread(0), spread(0)};
    for (int64_t i = begin; i < end; i++) {
      const Element* grad = rowOf(call.grad, call, i) + j;
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) total[k] = total[k] + read(grad + k * lanes);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) store(sums + j + k * lanes, total[k]);
  }
  for (; j < call.columns; j += lanes) {
    const int64_t count = call.columns - j;
    V total = spread(0);
    for (int64_t i = begin; i < end; i++) total = total + readUpTo(rowOf(call.grad, call, i) + j, count);
    if (count >= lanes) store(sums + j, total);
    else storePart(sums + j, total, count);
  }
}
