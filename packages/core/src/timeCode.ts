/** ω_j = 10000^(−2j/dim) for j = 0 … dim/2 − 1, with `dim` even (Vaswani et al. 2017, section 3.5). */
export const sinCosFrequencies = (dim: number): number[] =>
  Array.from({ length: dim / 2 }, (_, j) => 10000 ** ((-2 * j) / dim));

/**
 * The code of signal levels that the time token is made from (reference: the authors' code). It is sin(γ·s·ω_j) for all
 * j, then cos(γ·s·ω_j). Each code is normalised to mean 0 and standard deviation 1 over its channels (population, without
 * an epsilon). All steps are float64, because γ·1000 needs its digits.
 *
 * @param gammas   γ of B samples, each in [0, 1]
 * @param dim      channels of the code: even, a quarter of the channels of the token
 * @param scaling  s, `model.timeScaling`
 * @returns        [B, dim]
 */
export function timeCode(gammas: ArrayLike<number>, dim: number, scaling: number): Float64Array {
  const frequencies = sinCosFrequencies(dim).map((frequency) => frequency * scaling);
  const codes = new Float64Array(gammas.length * dim);
  for (let i = 0; i < gammas.length; i++) {
    const code = codes.subarray(i * dim, (i + 1) * dim);
    for (const [j, frequency] of frequencies.entries()) {
      code[j] = Math.sin(gammas[i] * frequency);
      code[j + dim / 2] = Math.cos(gammas[i] * frequency);
    }
    normalise(code);
  }
  return codes;
}

/** Normalises values to mean 0 and standard deviation 1, in place. */
function normalise(values: Float64Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  for (let j = 0; j < values.length; j++) values[j] = (values[j] - mean) / deviation;
}
