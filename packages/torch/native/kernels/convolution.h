// SiLU(GroupNorm(depthwise(x))) of tokens, forward and backward. simd.h includes this file for each kind of element.
//
//     u[t] = b + Σ_k w_k·x[t + k],   û = (u − mean)/√(variance + ε),   z = γ·û + β,   y = z·σ(z)
//     dz = dy·σ(z)·(1 + z·(1 − σ(z))),   du = (γ·dz − ⟨γ·dz⟩ − û·⟨γ·dz·û⟩)/√(variance + ε)        ⟨⟩ = mean over the group
//     dx[t] = Σ_k w_k·du[t − k],   dw_k = Σ_t du[t]·x[t + k],   db = Σ du,   dγ = Σ dz·û,   dβ = Σ dz
//
// A vector holds channels of one token. So neither the convolution nor the sums over tokens mix lanes, and no axes are exchanged.
// One thread computes a band of channels of a sample, which stays in the fast memory of its core. All is float32 inside.

// A grid with zeros around it, so that no window needs a check.
struct Window {
  int64_t grid[3], padded[3], taps;
  int64_t offsets[mostTaps + 8] = {};  // of each tap, in floats
  explicit Window(const ConvolutionCall& call) : taps(call.taps) {
    for (int i = 0; i < 3; i++) grid[i] = call.grid[i], padded[i] = call.grid[i] + call.kernel[i] - 1;
    const int64_t rows = call.kernel[1], columns = call.kernel[2];
    for (int64_t k = 0; k < taps; k++)
      offsets[k] = ((k / columns / rows * padded[1] + k / columns % rows) * padded[2] + k % columns) * lanes;
  }
  int64_t size() const { return padded[0] * padded[1] * padded[2] * lanes; }
};

// Calls run(start of the row in the padded grid, in floats; its first token) for each row.
template <typename Run>
RIN_INLINE void eachRow(const Window& window, Run run) {
  const int64_t *grid = window.grid, *padded = window.padded;
  for (int64_t row = 0; row < grid[0] * grid[1]; row++)
    run((row / grid[1] * padded[1] + row % grid[1]) * padded[2] * lanes, row * grid[2]);
}

template <typename From>
RIN_INLINE V valuesOf(const From* from) {
  if constexpr (std::is_same_v<From, float>) return load(from);
  else return read(from);
}

// The tokens of one vector of channels in the middle of a padded grid.
template <typename From>
RIN_FUNCTION void surround(const Window& window, const From* from, int64_t token, float* padded) {
  const int64_t middle = window.offsets[window.taps / 2];
  std::memset(padded, 0, window.size() * sizeof(float));
  eachRow(window, [&](int64_t at, int64_t first) RIN_TARGET {
    for (int64_t i = 0; i < window.grid[2]; i++) store(padded + at + middle + i * lanes, valuesOf(from + (first + i) * token));
  });
}

constexpr int64_t held = 9;  // taps that stay in registers

// to[t] = start + Σ_k w_k·padded[t + k]; weights of a tap are `stride` apart
RIN_FUNCTION void convolve(const Window& window, const float* padded, const float* weights, int64_t stride, V start, float* to) {
  for (int64_t tap = 0; tap < window.taps; tap += held) {
    V w[held];
    int64_t offsets[held];
    for (int k = 0; k < held; k++) {
      w[k] = tap + k < window.taps ? load(weights + (tap + k) * stride) : spread(0);
      offsets[k] = window.offsets[tap + k];
    }
    eachRow(window, [&](int64_t at, int64_t first) RIN_TARGET {
      for (int64_t i = 0; i < window.grid[2]; i++) {
        float* result = to + (first + i) * lanes;
        V total = tap == 0 ? start : load(result);
#pragma GCC unroll 9
        for (int k = 0; k < held; k++) total = fma(load(padded + at + i * lanes + offsets[k]), w[k], total);
        store(result, total);
      }
    });
  }
}

// by[k] = Σ_t grad[t]·padded[t + k]; results of a tap are `stride` apart
RIN_FUNCTION void convolveByWeight(const Window& window, const float* padded, const float* grad, float* by, int64_t stride) {
  for (int64_t tap = 0; tap < window.taps; tap += held) {
    V sums[held];
    int64_t offsets[held];
    for (int k = 0; k < held; k++) sums[k] = spread(0), offsets[k] = window.offsets[tap + k];
    eachRow(window, [&](int64_t at, int64_t first) RIN_TARGET {
      for (int64_t i = 0; i < window.grid[2]; i++) {
        const V g = load(grad + (first + i) * lanes);
#pragma GCC unroll 9
        for (int k = 0; k < held; k++) sums[k] = fma(load(padded + at + i * lanes + offsets[k]), g, sums[k]);
      }
    });
    for (int k = 0; k < held && tap + k < window.taps; k++) store(by + (tap + k) * stride, sums[k]);
  }
}

// Σ_t of(t), in parts of some tokens, so that rounding errors stay small.
template <typename Of>
RIN_INLINE V sumOver(int64_t tokens, Of of) {
  V total = spread(0);
  for (int64_t first = 0; first < tokens; first += 64) {
    V part = spread(0);
    for (int64_t t = first; t < std::min(first + 64, tokens); t++) part = part + of(t);
    total = total + part;
  }
  return total;
}

// Replaces the sums of channels by the means over their groups.
static void averageGroups(float* sums, const ConvolutionCall& call) {
  const int64_t size = call.channels / call.groups;
  for (int64_t first = 0; first < call.band; first += size) {
    double sum = 0;
    for (int64_t c = first; c < first + size; c++) sum += sums[c];
    std::fill_n(sums + first, size, static_cast<float>(sum / static_cast<double>(size * call.tokens())));
  }
}

// A band of a sample: u of its tokens, and the norm of each channel.
struct Band {
  const ConvolutionCall& call;
  const Window window;
  const int64_t sample, channel, tokens;
  float *padded, *u;
  float means[widestBand], scales[widestBand];  // 1/√(variance + ε)

  RIN_TARGET Band(const ConvolutionCall& of, int64_t which, float* scratch)
      : call(of), window(of), sample(which / of.bands()), channel(which % of.bands() * of.band), tokens(of.tokens()),
        padded(scratch), u(scratch + window.size()) {
    for (int64_t c = 0; c < call.band; c += lanes) {
      surroundX(c);
      convolve(window, padded, call.weight + channel + c, call.channels, load(call.bias + channel + c), values(c));
      const float* from = values(c);
      store(means + c, sumOver(tokens, [&](int64_t t) RIN_TARGET { return load(from + t * lanes); }));
    }
    averageGroups(means, call);
    for (int64_t c = 0; c < call.band; c += lanes) {
      const float* from = values(c);
      const V mean = load(means + c);
      store(scales + c, sumOver(tokens, [&](int64_t t) RIN_TARGET {
              const V far = load(from + t * lanes) - mean;
              return far * far;
            }));
    }
    averageGroups(scales, call);
    for (int64_t c = 0; c < call.band; c++) scales[c] = 1 / std::sqrt(scales[c] + call.eps);
  }

  float* values(int64_t c) const { return u + c * tokens; }
  template <typename To>
  To* contiguous(To* data) const { return data + sample * tokens * call.channels + channel; }
  RIN_TARGET void surroundX(int64_t c) const {
    surround(window, static_cast<const Element*>(call.x) + sample * call.sample + channel + c, call.token, padded);
  }
};

RIN_INLINE V sigmoid(V z) { return spread(1) / (spread(1) + exp2Of(spread(0) - most(spread(-127), z * spread(log2e)))); }

static int64_t bandOf(int64_t groupSize) { return std::lcm(groupSize, lanes); }

static int64_t convolutionScratch(const ConvolutionCall& call) {
  return roundUp(2 * (Window(call).size() + call.band * call.tokens()), 64);
}

RIN_FUNCTION void convolutionForward(const ConvolutionCall& call, int64_t which, float* scratch) {
  const Band band(call, which, scratch);
  Element* y = band.contiguous(static_cast<Element*>(call.y));
  for (int64_t c = 0; c < call.band; c += lanes) {
    const V scale = load(band.scales + c) * load(call.gain + band.channel + c);
    const V shift = load(call.shift + band.channel + c) - load(band.means + c) * scale;
    const float* u = band.values(c);
    for (int64_t t = 0; t < band.tokens; t++) {
      const V z = fma(load(u + t * lanes), scale, shift);
      write(y + t * call.channels + c, z * sigmoid(z));
    }
  }
}

RIN_FUNCTION void convolutionBackward(const ConvolutionCall& call, int64_t which, float* scratch) {
  const Band band(call, which, scratch);
  const Window& window = band.window;
  const int64_t tokens = band.tokens, channels = call.channels;
  float* grads = band.u + call.band * tokens;  // dz, then du
  float* paddedGrad = grads + call.band * tokens;
  float* by = call.byParameters + band.sample * (call.taps + 3) * channels + band.channel;
  float *byBias = by + call.taps * channels, *byGain = byBias + channels, *byShift = byGain + channels;
  const Element* given = band.contiguous(static_cast<const Element*>(call.grad));
  Element* byX = band.contiguous(static_cast<Element*>(call.byX));
  float sums[widestBand], products[widestBand];  // of γ·dz and γ·dz·û
  for (int64_t c = 0; c < call.band; c += lanes) {
    float *u = band.values(c), *dz = grads + c * tokens;
    const V mean = load(band.means + c), scale = load(band.scales + c), gain = load(call.gain + band.channel + c);
    const V shift = load(call.shift + band.channel + c);
    for (int64_t t = 0; t < tokens; t++) {
      const V normed = (load(u + t * lanes) - mean) * scale, z = fma(normed, gain, shift), s = sigmoid(z);
      store(u + t * lanes, normed);
      store(dz + t * lanes, read(given + t * channels + c) * s * fma(z, spread(1) - s, spread(1)));
    }
    const V sum = sumOver(tokens, [&](int64_t t) RIN_TARGET { return load(dz + t * lanes); });
    const V product = sumOver(tokens, [&](int64_t t) RIN_TARGET { return load(dz + t * lanes) * load(u + t * lanes); });
    store(byShift + c, sum), store(byGain + c, product);
    store(sums + c, sum * gain), store(products + c, product * gain);
  }
  averageGroups(sums, call);
  averageGroups(products, call);
  float turned[mostTaps * lanes];  // the kernel reversed along each axis
  for (int64_t c = 0; c < call.band; c += lanes) {
    const float* u = band.values(c);
    float* du = grads + c * tokens;
    const V scale = load(band.scales + c), gain = load(call.gain + band.channel + c);
    const V sum = load(sums + c), product = load(products + c);
    for (int64_t t = 0; t < tokens; t++)
      store(du + t * lanes, (load(du + t * lanes) * gain - sum - load(u + t * lanes) * product) * scale);
    store(byBias + c, sumOver(tokens, [&](int64_t t) RIN_TARGET { return load(du + t * lanes); }));
    band.surroundX(c);
    convolveByWeight(window, band.padded, du, by + c, channels);
    for (int64_t k = 0; k < call.taps; k++)
      store(turned + k * lanes, load(call.weight + (call.taps - 1 - k) * channels + band.channel + c));
    surround(window, static_cast<const float*>(du), lanes, paddedGrad);
    convolve(window, paddedGrad, turned, lanes, spread(0), du);
    for (int64_t t = 0; t < tokens; t++) write(byX + t * channels + c, load(du + t * lanes));
  }
}

constexpr ConvolutionKernels convolutionKernels{bandOf, convolutionScratch, convolutionForward, convolutionBackward};
