import { type Purpose, philox4x32, purposes } from './random.js';

const rounds = 8;

/**
 * A drawn order, such as which sample of the data stands at `index` in an epoch. A bijection of 0..length-1 that is a
 * function of (length, seed, epoch, purpose), so that nothing is stored and any position can be asked for at any time.
 *
 * A Feistel network with Philox as its round function permutes the smallest range of 2^2b numbers that holds `length`; a
 * result beyond `length` is sent through again until it falls inside, which takes less than 4 turns on average.
 *
 * @param index  integer in [0, length)
 * @param length integer in [1, 2^52]
 * @param seed   integer in [0, 2^53)
 * @param epoch  integer in [0, 2^32): each has an order of its own
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
  let half = 1; // 2^b
  while (half * half < length) half *= 2;
  const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)] as const;
  let value = index;
  do {
    let left = Math.floor(value / half);
    let right = value % half;
    for (let round = 0; round < rounds; round++) {
      // The counter of random.ts: [block, sample low, step, purpose * 2^24 + sample high]
      const [word] = philox4x32([round, right, epoch, purposes[purpose] << 24], key);
      [left, right] = [right, (left ^ word) & (half - 1)];
    }
    value = left * half + right;
  } while (value >= length);
  return value;
}
