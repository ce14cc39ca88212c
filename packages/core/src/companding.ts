/** The μ of ITU-T G.711. With 8 bits, soft and loud sounds have the same relative error. */
const mu = 255;

/**
 * Amplitudes as μ-law companded bytes: round(127.5·(1 + sgn(a)·ln(1 + μ|a|)/ln(1 + μ))) (ITU-T G.711, continuous form).
 * Silence becomes 128.
 * @param amplitudes in [−1, 1]; values outside are clipped
 */
export function compand(amplitudes: Float32Array): Uint8Array {
  const bytes = new Uint8Array(amplitudes.length);
  for (const [i, a] of amplitudes.entries()) {
    const size = Math.log1p(mu * Math.min(Math.abs(a), 1)) / Math.log1p(mu);
    bytes[i] = Math.round(127.5 * (1 + (a < 0 ? -size : size)));
  }
  return bytes;
}

/** The amplitude of each byte. The bytes 127 and 128 are both silence, so that silence stays silent. */
const amplitudes = Float32Array.from({ length: 256 }, (_, byte) => {
  const u = byte === 127 || byte === 128 ? 0 : byte / 127.5 - 1;
  return Math.sign(u) * (Math.expm1(Math.abs(u) * Math.log1p(mu)) / mu);
});

/** The amplitudes of μ-law companded bytes, in [−1, 1]: the inverse of `compand`. */
export const expand = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => amplitudes[byte]);
