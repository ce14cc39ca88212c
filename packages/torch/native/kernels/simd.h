// The kernels for each kind of processor, chosen when they are called: the addon itself needs none of these instructions. The
// headers are the same text for each kind, in a namespace of its own. Other processors than x86-64 have none.
#pragma once

#include "attentionCall.h"
#include "convolutionCall.h"
#include "rowsCall.h"

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>

#define RIN_INLINE [[maybe_unused]] static inline __attribute__((always_inline)) RIN_TARGET
#define RIN_FUNCTION [[maybe_unused]] static RIN_TARGET

#define RIN_TARGET __attribute__((target("avx2,fma")))
namespace rin::avx2 {
#include "lanes256.h"
#include "float32.h"
#include "exponential.h"
#include "products.h"
#include "attention.h"
#include "convolution.h"
#include "gelu.h"
#include "rows.h"
#include "layerNorm.h"
}  // namespace rin::avx2
#undef RIN_TARGET

#define RIN_TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")))
namespace rin::avx512 {
#include "lanes512.h"
#include "float32.h"
#include "exponential.h"
#include "products.h"
#include "attention.h"
#include "convolution.h"
#include "gelu.h"
#include "rows.h"
#include "layerNorm.h"
}  // namespace rin::avx512
#undef RIN_TARGET

#define RIN_TARGET __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")))
namespace rin::avx512bf16 {
#include "lanes512.h"
#include "bfloat16.h"
#include "exponential.h"
#include "products.h"
#include "attention.h"
#include "convolution.h"
#include "gelu.h"
#include "rows.h"
#include "layerNorm.h"
}  // namespace rin::avx512bf16
#undef RIN_TARGET

#undef RIN_INLINE
#undef RIN_FUNCTION
#endif
