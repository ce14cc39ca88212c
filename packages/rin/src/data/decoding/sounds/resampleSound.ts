/** Zero crossings of the sinc on each side. */
const lobes = 16;
/** Shape of the Kaiser window: about 80 dB of attenuation. */
const beta = 8;

/**
 * Another sample rate by a sinc with a Kaiser window (Smith, "Digital Audio Resampling"). Frequencies above half of the
 * lower rate are removed, so nothing is folded back.
 * @param from, to integers: samples in a second
 * @returns ⌊L·to/from⌋ samples, at least 1 if there is one
 */
export function resampleSound(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to || samples.length === 0) return samples;
  const phases = new Map<number, Float64Array>(); // the weights repeat with the fraction of the place
  const cutoff = Math.min(1, to / from);
  const reach = Math.ceil(lobes / cutoff);
  return Float32Array.from({ length: Math.max(1, Math.floor((samples.length * to) / from)) }, (_, i) => {
    const phase = (i * from) % to;
    const place = (i * from - phase) / to;
    let weights = phases.get(phase);
    if (!weights) {
      weights = Float64Array.from({ length: 2 * reach }, (_, k) => weight(k + 1 - reach - phase / to, cutoff));
      phases.set(phase, weights);
    }
    const first = place + 1 - reach;
    let sum = 0;
    const end = Math.min(weights.length, samples.length - first);
    for (let k = Math.max(0, -first); k < end; k++) sum += weights[k] * samples[first + k];
    return sum;
  });
}

/** The windowed sinc at a distance in samples. */
function weight(distance: number, cutoff: number): number {
  const x = (cutoff * distance) / lobes;
  return Math.abs(x) < 1
    ? (cutoff * sinc(cutoff * distance) * besselI0(beta * Math.sqrt(1 - x * x))) / besselI0(beta)
    : 0;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function I₀ by its power series. */
function besselI0(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
