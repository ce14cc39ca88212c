const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);

/** erf(x) = 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): terms of one sign, so nothing cancels. For |x| ≤ 1.5. */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return twoOverSqrtPi * Math.exp(-x * x) * sum;
}

/** erfc(x) = e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), from the inside out. For x ≥ 1.5. */
function continuedFraction(x: number): number {
  let tail = x;
  for (let n = 200; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
}

/** Error function, absolute error below 1e-15. */
export function erf(x: number): number {
  if (Math.abs(x) <= 1.5) return series(x);
  return x > 0 ? 1 - continuedFraction(x) : continuedFraction(-x) - 1;
}

/** 1 − erf(x), with its own digits where erf(x) is near 1. */
export function erfc(x: number): number {
  return x >= 1.5 ? continuedFraction(x) : 1 - erf(x);
}

/** GELU, the exact one, not the tanh form: x Φ(x), Φ(x) = erfc(−x/√2)/2. */
export function gelu(x: number): number {
  return (x * erfc(-x / Math.SQRT2)) / 2;
}
