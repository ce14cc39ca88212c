// Attention of heads of few channels, forward and backward. simd.h includes this file for each kind of element.
//
//     S = K·Qᵀ,  P = 2^(S·scale·log₂e − L) for each query,  O = Pᵀ·V        L = log₂ Σ 2^(S·scale·log₂e)
//     dV = P·dO,  dP = V·dOᵀ,  dS = P ∘ (dP − D),  dK = scale·dS·Q,  dQ = scale·dSᵀ·K        D = rowsum(dO ∘ O)
//
// S has keys as rows. So a vector holds queries, and the softmax needs no sums inside of vectors. One thread computes a head, in
// blocks of queries and keys that stay in the fast memory of its core.
constexpr int64_t queryBlock = 64, keyBlock = 64;
constexpr int64_t blockWords = queryBlock / packed;

// The sizes of a head in memory, with room for whole vectors.
struct Room {
  int64_t width, words, keys;  // columns of results; words of a row; rows of keys
  explicit Room(const AttentionCall& call)
      : width(roundUp(call.width, lanes)), words(roundUp(roundUp(call.width, packed) / packed, lanes)),
        keys(roundUp(call.keys, 16)) {}
  int64_t pairs(int64_t rows) const { return rows * std::max(width, words * packed) / packed; }
};

// Copies rows of elements into words, with zeros up to whole vectors and up to `room` rows.
RIN_FUNCTION void copyRows(const Element* from, int64_t stride, int64_t rows, int64_t width, float* to, int64_t words,
                           int64_t room) {
  std::memset(to, 0, room * words * sizeof(float));
  for (int64_t i = 0; i < rows; i++) std::memcpy(to + i * words, from + i * stride, width * sizeof(Element));
}

static int64_t forwardScratch(const AttentionCall& call) {
  const Room room(call);
  return 3 * room.keys * room.words + 2 * room.pairs(room.keys) + room.keys * queryBlock * 2 +
         queryBlock * (2 * room.words + room.width) + 256;
}

RIN_FUNCTION void forwardHead(const AttentionCall& call, int64_t head, float* scratch) {
  const Room room(call);
  const auto take = [&](int64_t words) { return std::exchange(scratch, scratch + roundUp(words, 16)); };
  float* rows = take(room.keys * room.words);
  float* turnedKeys = take(room.keys * room.words);
  float* values = take(room.keys * room.words);
  float* valuePairs = take(room.pairs(room.keys));
  float* queries = take(queryBlock * room.words);
  float* turnedQueries = take(queryBlock * room.words);
  float* scores = take(room.keys * queryBlock);
  float* weights = packed == 1 ? scores : take(room.keys * queryBlock / packed);
  float* results = take(queryBlock * room.width);

  copyRows(call.k.at<Element>(head, call), call.k.token, call.keys, call.width, rows, room.words, room.keys);
  turn(rows, room.keys, room.words, turnedKeys, room.keys);
  copyRows(call.v.at<Element>(head, call), call.v.token, call.keys, call.width, values, room.words, room.keys);
  const float* right = pairsOf(values, roundUp(call.keys, packed), room.words, valuePairs, room.width);
  const V factor = spread(call.scale * log2e);

  for (int64_t first = 0; first < call.queries; first += queryBlock) {
    const int64_t count = std::min(queryBlock, call.queries - first), columns = roundUp(count, lanes);
    copyRows(call.q.at<Element>(head, call) + first * call.q.token, call.q.token, count, call.width, queries, room.words, columns);
    turn(queries, columns, room.words, turnedQueries, queryBlock);
    product<0, false>(turnedKeys, room.keys, turnedQueries, queryBlock, scores, queryBlock, roundUp(call.keys, 8), columns,
                      roundUp(call.width, packed) / packed);
    float sums[queryBlock];
    for (int64_t j = 0; j < columns; j += lanes) {
      float* column = scores + j;
      V highest = spread(-std::numeric_limits<float>::infinity());
      for (int64_t i = 0; i < call.keys; i++) highest = most(load(column + i * queryBlock), highest);
      const V shift = highest * factor;
      V total = spread(0);
      for (int64_t i = 0; i < call.keys; i += 2) {
        const V p = exp2Of(fms(load(column + i * queryBlock), factor, shift));
        const V q = i + 1 < call.keys ? exp2Of(fms(load(column + (i + 1) * queryBlock), factor, shift)) : spread(0);
        total = total + p + q;
        float* to = weights + i / packed * queryBlock + j;
        storeRows(p, q, packed == 1 ? to : nullptr, queryBlock, to);
      }
      store(sums + j, total);
      float shifts[lanes];
      store(shifts, shift);
      for (int64_t i = 0; call.logSums != nullptr && i < lanes && j + i < count; i++)
        call.logSums[head * call.queries + first + j + i] = shifts[i] + std::log2(sums[j + i]);
    }
    product<0, false>(weights, queryBlock, right, room.width, results, room.width, roundUp(count, 8), room.width,
                      roundUp(call.keys, packed) / packed);
    Element* out = call.out.at<Element>(head, call) + first * call.out.token;
    for (int64_t i = 0; i < count; i++) writeRow(results + i * room.width, 1 / sums[i], out + i * call.out.token, call.width);
  }
}

static int64_t backwardScratch(const AttentionCall& call) {
  const Room room(call);
  return 4 * room.keys * room.words + room.pairs(room.keys) + 2 * room.keys * room.width + 5 * queryBlock * room.words +
         2 * room.pairs(queryBlock) + queryBlock * room.width + 5 * keyBlock * queryBlock + 256;
}

RIN_FUNCTION void backwardHead(const AttentionCall& call, int64_t head, float* scratch) {
  const Room room(call);
  const auto take = [&](int64_t words) { return std::exchange(scratch, scratch + roundUp(words, 16)); };
  const int64_t depth = roundUp(call.width, packed) / packed;
  float* keys = take(room.keys * room.words);
  float* turnedKeys = take(room.keys * room.words);
  float* values = take(room.keys * room.words);
  float* turnedValues = take(room.keys * room.words);
  float* keyPairs = take(room.pairs(room.keys));
  float* byKeys = take(room.keys * room.width);
  float* byValues = take(room.keys * room.width);
  float* queries = take(queryBlock * room.words);
  float* turnedQueries = take(queryBlock * room.words);
  float* queryPairs = take(room.pairs(queryBlock));
  float* grads = take(queryBlock * room.words);
  float* turnedGrads = take(queryBlock * room.words);
  float* gradPairs = take(room.pairs(queryBlock));
  float* outs = take(queryBlock * room.words);
  float* byQueries = take(queryBlock * room.width);
  float* scores = take(keyBlock * queryBlock);
  float* byScores = take(keyBlock * queryBlock);
  float* weightRows = packed == 1 ? scores : take(keyBlock * blockWords);
  float* byScoreRows = packed == 1 ? byScores : take(keyBlock * blockWords);
  float* byScorePairs = packed == 1 ? byScores : take(keyBlock * blockWords);

  copyRows(call.k.at<Element>(head, call), call.k.token, call.keys, call.width, keys, room.words, room.keys);
  copyRows(call.v.at<Element>(head, call), call.v.token, call.keys, call.width, values, room.words, room.keys);
  turn(keys, room.keys, room.words, turnedKeys, room.keys);
  turn(values, room.keys, room.words, turnedValues, room.keys);
  const float* rightKeys = pairsOf(keys, room.keys, room.words, keyPairs, room.width);
  std::memset(byKeys, 0, room.keys * room.width * sizeof(float));
  std::memset(byValues, 0, room.keys * room.width * sizeof(float));
  const V factor = spread(call.scale * log2e);

  for (int64_t first = 0; first < call.queries; first += queryBlock) {
    const int64_t count = std::min(queryBlock, call.queries - first), columns = roundUp(count, lanes);
    const auto copy = [&](const Rows& from, float* to) {
      copyRows(from.at<Element>(head, call) + first * from.token, from.token, count, call.width, to, room.words, columns);
    };
    copy(call.q, queries);
    copy(call.grad, grads);
    copy(call.out, outs);
    turn(queries, columns, room.words, turnedQueries, queryBlock);
    turn(grads, columns, room.words, turnedGrads, queryBlock);
    const float* rightQueries = pairsOf(queries, columns, room.words, queryPairs, room.width);
    const float* rightGrads = pairsOf(grads, columns, room.words, gradPairs, room.width);
    float logSums[queryBlock] = {}, dots[queryBlock] = {};
    for (int64_t i = 0; i < count; i++) {
      logSums[i] = call.logSums[head * call.queries + first + i];
      dots[i] = dotOf(grads + i * room.words, outs + i * room.words, room.words);
    }
    std::memset(byQueries, 0, queryBlock * room.width * sizeof(float));

    for (int64_t start = 0; start < call.keys; start += keyBlock) {
      const int64_t held = std::min(keyBlock, call.keys - start), whole = roundUp(held, 8);
      product<0, false>(turnedKeys + start, room.keys, turnedQueries, queryBlock, scores, queryBlock, whole, columns, depth);
      product<0, false>(turnedValues + start, room.keys, turnedGrads, queryBlock, byScores, queryBlock, whole, columns, depth);
      for (int64_t j = 0; j < columns; j += lanes) {
        const V logSum = load(logSums + j), dot = load(dots + j);
        for (int64_t i = 0; i < whole; i += 2) {
          V weights[2] = {spread(0), spread(0)}, by[2] = {spread(0), spread(0)};
#pragma GCC unroll 2
          for (int64_t side = 0; side < 2; side++) {
            if (i + side >= held) continue;
            const int64_t at = (i + side) * queryBlock + j;
            weights[side] = exp2Of(fms(load(scores + at), factor, logSum));
            by[side] = weights[side] * (load(byScores + at) - dot);
          }
          const int64_t row = i * blockWords + j / packed;
          storeRows(weights[0], weights[1], weightRows + row, blockWords, nullptr);
          storeRows(by[0], by[1], byScoreRows + row, blockWords, byScorePairs + i / packed * queryBlock + j);
        }
      }
      const int64_t words = columns / packed;
      product<blockWords, true>(weightRows, 0, rightGrads, room.width, byValues + start * room.width, room.width, whole,
                                room.width, words);
      product<blockWords, true>(byScoreRows, 0, rightQueries, room.width, byKeys + start * room.width, room.width, whole,
                                room.width, words);
      product<0, true>(byScorePairs, queryBlock, rightKeys + start / packed * room.width, room.width, byQueries, room.width,
                       roundUp(count, 8), room.width, whole / packed);
    }
    Element* to = call.byQ.at<Element>(head, call) + first * call.byQ.token;
    for (int64_t i = 0; i < count; i++) writeRow(byQueries + i * room.width, call.scale, to + i * call.byQ.token, call.width);
  }
  for (int64_t i = 0; i < call.keys; i++) {
    writeRow(byKeys + i * room.width, call.scale, call.byK.at<Element>(head, call) + i * call.byK.token, call.width);
    writeRow(byValues + i * room.width, 1, call.byV.at<Element>(head, call) + i * call.byV.token, call.width);
  }
}

constexpr AttentionKernels attentionKernels{forwardScratch, forwardHead, backwardScratch, backwardHead};
