/** Philox4x32-10 as its paper writes it, on integers of any size. */
export function philox(counter: bigint[], key: bigint[]): bigint[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  const word = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const [p, q] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
    [c0, c1, c2, c3] = [(q >> 32n) ^ c1 ^ k0, q & word, (p >> 32n) ^ c3 ^ k1, p & word];
    [k0, k1] = [(k0 + 0x9e3779b9n) & word, (k1 + 0xbb67ae85n) & word];
  }
  return [c0, c1, c2, c3];
}

/** The words of one stream, 32 bits each. */
export function words(seed: bigint, purpose: bigint, sample: bigint, step: bigint, count: number): bigint[] {
  const out: bigint[] = [];
  for (let block = 0n; out.length < count; block++) {
    const counter = [block, sample & 0xffffffffn, step, (purpose << 24n) | (sample >> 32n)];
    out.push(...philox(counter, [seed & 0xffffffffn, seed >> 32n]));
  }
  return out.slice(0, count);
}

/** The normals of one stream by their definition, with Math.log and Math.cos. */
export function normals(seed: bigint, purpose: bigint, sample: bigint, step: bigint, count: number): number[] {
  const u = words(seed, purpose, sample, step, 2 * Math.ceil(count / 2)).map((x) => (Number(x) + 0.5) / 2 ** 32);
  const out: number[] = [];
  for (let i = 0; i < u.length; i += 2) {
    const r = Math.sqrt(-2 * Math.log(u[i]));
    out.push(r * Math.cos(2 * Math.PI * u[i + 1]), r * Math.sin(2 * Math.PI * u[i + 1]));
  }
  return out.slice(0, count);
}
