/** A schedule of signal levels by its kind, with the parameters of `gamma`'s formulas. */
export type Schedule =
  | { readonly kind: 'sigmoid'; readonly start: number; readonly end: number; readonly tau: number }
  | { readonly kind: 'cosine'; readonly start: number; readonly end: number; readonly tau: number }
  | { readonly kind: 'log'; readonly start: number; readonly end: number; readonly reverse: boolean }
  | { readonly kind: 'linear' }
  | { readonly kind: 'cosine-nichol' };

const smallest = 1e-9;
const quarterTurn = Math.PI / 2;

/**
 * Signal level γ(t) of x_t = √γ·x + √(1 − γ)·ε, in float64, with u = start + t·(end − start).
 *
 *     sigmoid        γ = (F(end) − F(u))/(F(end) − F(start)), F(u) = 1/(1 + exp(−u/τ))   Jabri et al. 2023, section 3; Chen 2023,
 *                                                                                        arXiv 2301.10972, section 2.1.
 *     cosine         the same, F(u) = cos(u·π/2)^(2τ)                                    Chen 2023, section 2.1.
 *     log            the same, F(u) = ln u; `reverse` swaps start and end                 The authors' code.
 *     linear         γ = 1 − t                                                           The authors' code.
 *     cosine-nichol  γ = cos((t + 0.0002)/(1 + 0.00025)·π/2)²                             Nichol & Dhariwal 2021, eq. 17, in the authors' form.
 *
 * @param t  diffusion time in [0, 1]: 0 = data, 1 = noise
 * @returns  γ, which falls with t, clipped to [1e-9, 1]. cosine-nichol is not clipped and ends at 6.2e-9.
 */
export function gamma(schedule: Schedule, t: number): number {
  const { signal } = levels(schedule, t);
  return schedule.kind === 'cosine-nichol' ? signal : Math.min(Math.max(signal, smallest), 1);
}

/**
 * Noise level 1 − γ(t). Its own formula keeps the digits near t = 0 that `1 - gamma(t)` loses.
 * @param t  diffusion time in [0, 1]
 * @returns  1 − γ, which rises with t, clipped to [0, 1 − 1e-9]. cosine-nichol is not clipped.
 */
export function oneMinusGamma(schedule: Schedule, t: number): number {
  const { noise } = levels(schedule, t);
  return schedule.kind === 'cosine-nichol' ? noise : Math.min(Math.max(noise, 0), 1 - smallest);
}

interface Levels {
  /** γ, before clipping */
  signal: number;
  /** 1 − γ, before clipping */
  noise: number;
}

function levels(schedule: Schedule, t: number): Levels {
  switch (schedule.kind) {
    case 'sigmoid':
      return shares(t, schedule.start / schedule.tau, schedule.end / schedule.tau, logisticRise);
    case 'cosine':
      return shares(t, schedule.start, schedule.end, (a, b, gap) => cosineFall(a, b, gap, 2 * schedule.tau));
    case 'log':
      return schedule.reverse
        ? shares(t, schedule.end, schedule.start, logarithmRise)
        : shares(t, schedule.start, schedule.end, logarithmRise);
    case 'linear':
      return { signal: 1 - t, noise: t };
    case 'cosine-nichol':
      // cos(a) = sin(π/2 − a). The difference π/2 − a is small and exact near t = 1.
      return {
        signal: Math.sin(((1 - t + 0.00005) / 1.00025) * quarterTurn) ** 2,
        noise: Math.sin(((t + 0.0002) / 1.00025) * quarterTurn) ** 2,
      };
  }
}

/**
 * Signal and noise as shares of the change of a monotonic F from `start` to `end`. The change from u to `end` is the signal,
 * the change from `start` to u is the noise. `change(a, b, gap)` is F(b) − F(a) up to a constant factor. It also gets the
 * gap b − a, because the difference of the rounded a and b has fewer digits.
 */
function shares(t: number, start: number, end: number, change: (a: number, b: number, gap: number) => number): Levels {
  const range = end - start;
  const u = start + t * range;
  const whole = change(start, end, range);
  return { signal: change(u, end, range * (1 - t)) / whole, noise: change(start, u, range * t) / whole };
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** s(b) − s(a) = s(b)·s(−a)·(1 − exp(a − b)). All factors are positive, so nothing cancels or overflows. */
function logisticRise(a: number, b: number, gap: number): number {
  return logistic(b) * logistic(-a) * -Math.expm1(-gap);
}

/**
 * cos(a·π/2)^power − cos(b·π/2)^power for 0 ≤ a ≤ b ≤ 1, as cos(a)^power·(1 − (cos b/cos a)^power). If the ratio is near 1,
 * its logarithm comes from cos a − cos b = 2·sin((a + b)/2)·sin((b − a)/2).
 */
function cosineFall(a: number, b: number, gap: number, power: number): number {
  const [cosA, cosB] = [quarterCosine(a), quarterCosine(b)];
  if (cosA === 0) return 0;
  const drop = (2 * Math.sin(((a + b) / 2) * quarterTurn) * Math.sin((gap / 2) * quarterTurn)) / cosA;
  const logOfRatio = drop < 0.5 ? Math.log1p(-drop) : Math.log(cosB / cosA);
  return cosA ** power * -Math.expm1(power * logOfRatio);
}

/** cos(x·π/2) for x in [0, 1]: never negative, and exactly 0 at 1. Math.cos with a rounded π/2 promises neither. */
function quarterCosine(x: number): number {
  return x < 0.5 ? Math.cos(x * quarterTurn) : Math.sin((1 - Math.min(x, 1)) * quarterTurn);
}

/** ln(b/a) */
function logarithmRise(a: number, b: number, gap: number): number {
  return Math.abs(gap) < a / 2 ? Math.log1p(gap / a) : Math.log(b / a);
}
