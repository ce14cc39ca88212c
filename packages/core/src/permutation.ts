import { type Purpose, philox4x32, purposes } from './random.js';

const rounds = 8;

/**
 * A random order: for example, which sample of the data an epoch shows at position `index`. It is a bijection of
 * 0..length-1, and a function of (length, seed, epoch, purpose). Nothing is stored, and any position can be computed.
 *
 * A Feistel network with Philox as its round function permutes the smallest range of 2²ᵇ numbers that holds `length`. A
 * result of `length` or more goes through the network again (cycle walking), fewer than 4 times on average.
 *
 * @param index  integer in [0, length)
 * @param length integer in [1, 2⁵²]
 * @param seed   integer in [0, 2⁵³)
 * @param epoch  integer in [0, 2³²); each epoch has its own order
 * @returns      integer in [0, length)
 * @throws RangeError if `index` is not in its range
 */
export function permute(
  index: number,
  length: number,
  seed: number,
  epoch: number,
  purpose: Purpose = 'order',
): number {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`permute: index is ${index}; expected a whole number from 0 to ${length - 1}`);
  }
  let half = 1; // 2ᵇ
  while (half * half < length) half *= 2;
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  let value = index;
  do {
    let left = Math.floor(value / half);
    let right = value % half;
    for (let round = 0; round < rounds; round++) {
      // The counter of random.ts: [block, sample low, step, purpose·2²⁴ + sample high]
      const [word] = philox4x32([round, right, epoch, purposes[purpose] << 24], key);
      [left, right] = [right, (left ^ word) & (half - 1)];
    }
    value = left * half + right;
  } while (value >= length);
  return value;
}
