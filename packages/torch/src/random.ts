import { checkOptions, describe } from './argument.js';
import { type CreationOptions, checkSizes, empty } from './create.js';
import { type Dtype, dtypeCode, wholeRange } from './dtype.js';
import { withoutTraces } from './elements.js';
import { TorchError } from './errors.js';
import type { Device } from './handle.js';
import { attempt, native } from './native.js';
import { callTensor, refuseInTrace } from './operator.js';
import { philoxNormal } from './philox.js';
import { checked, whole } from './range.js';
import type { Tensor } from './tensor.js';

/** Options of a random tensor. */
export interface RandomOptions extends CreationOptions {
  /**
   * Integer from 0 to 2⁵³ − 1. The same seed gives the same numbers on every machine, with any number of threads. Without a
   * seed, draw n after `manualSeed(s)` uses seed s and step n; before the first `manualSeed`, s is 0.
   */
  readonly seed?: number;
  /** Integer from 0 to 2³² − 1: other numbers of the same seed. Default: 0 */
  readonly step?: number;
}

// Draws without a seed count themselves. Each thread (worker) counts its own.
const unseeded = { seed: 0, step: 0 };

/** For `manualSeed`: draws without a seed begin anew with this one. */
export function restart(seed: number): void {
  Object.assign(unseeded, { seed, step: 0 });
}

/** Seed and number of the next draw without a seed of its own. */
export const nextUnseeded = (): { seed: number; draw: number } => ({
  seed: unseeded.seed,
  draw: unseeded.step++ % 2 ** 32,
});

/** Numbers for the purpose of a Philox stream, so that no two functions share their draws. */
const purposes = { rand: 1, randn: 2, randint: 3, randperm: 4 };
type Draw = keyof typeof purposes;

interface Stream {
  readonly seed: number;
  readonly step: number;
  readonly purpose: number;
}

function stream(draw: Draw, { seed, step }: RandomOptions): Stream {
  refuseInTrace(draw, 'a trace cannot record random numbers; draw them before');
  const purpose = purposes[draw];
  if (seed === undefined) {
    if (step !== undefined) throw new TorchError(`${draw}: step ${step} needs a seed`);
    const next = nextUnseeded();
    return { seed: next.seed, step: next.draw, purpose };
  }
  checked(`${draw}: seed`, seed, whole(2 ** 53));
  return { seed, step: checked(`${draw}: step`, step ?? 0, whole(2 ** 32)), purpose };
}

/** The words of a stream, int32 [count]. */
function words(count: number, { seed, step, purpose }: Stream): Tensor {
  if (count > 2 ** 34) throw new TorchError(`a draw of ${count} numbers is too large: one stream has 2^34`);
  const out = empty([1, count], { dtype: 'int32' });
  attempt('random words', () => native.philoxWords(out.slot, seed, purpose, step, [0]));
  return out.reshape([count]);
}

/** Uniforms in [0, 1) from the `bits` highest bits of each word, float32 [count]; at most 24 bits, so that all are exact. */
function uniforms(count: number, bits: number, from: Stream): Tensor {
  const drawn = words(count, from);
  callTensor('aten::bitwise_right_shift_.Tensor_Scalar', drawn, 32 - bits);
  callTensor('aten::bitwise_and_.Scalar', drawn, 2 ** bits - 1);
  return drawn.float().mul_(2 ** -bits);
}

/** Uniforms in [0, 1) with 53 bits, float64 [count]: 32 bits of one word, and the 21 highest of the next. */
function uniforms53(count: number, from: Stream): Tensor {
  const [high, low] = words(2 * count, from)
    .reshape([count, 2])
    .unbind(1)
    .map((word) => callTensor('aten::remainder_.Scalar', word.double(), 2 ** 32)); // words are int32, so half are negative
  const rest = callTensor('aten::floor_', low.mul_(2 ** -11));
  return high
    .mul_(2 ** 21)
    .add_(rest)
    .mul_(2 ** -53);
}

/** Bits of the significand: with so many, a uniform below 1 is not rounded to 1. */
const significands: Partial<Record<Dtype, number>> = { float64: 53, float32: 24, float16: 11, bfloat16: 8 };

function finish(drawn: Tensor, shape: readonly number[], dtype: Dtype, options: CreationOptions): Tensor {
  const shaped = drawn.to(dtype).reshape(shape);
  return options.device === undefined ? shaped : shaped.to(options.device as Device);
}

function made(draw: () => Tensor, { requiresGrad = false }: CreationOptions): Tensor {
  const tensor = withoutTraces(draw);
  if (requiresGrad) tensor.requiresGrad = true;
  return tensor;
}

const count = (what: string, shape: readonly number[]): number => {
  checkSizes(what, shape);
  return shape.reduce((product, size) => product * size, 1);
};

/**
 * Uniform random numbers in [0, 1), all of which are equally likely: 24 bits in float32. See `RandomOptions` for the seed.
 * Element i takes word i of the Philox stream (seed, sample 0, step, purpose 1); float64 takes two words.
 * @throws TorchError if the dtype has no fractions, a number is out of its range, or inside a trace
 */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  const { dtype = 'float32' } = checkOptions('rand', options);
  const size = count('rand', shape);
  const bits = floating('rand', dtype);
  const from = stream('rand', options);
  return made(() => {
    const drawn = bits === 53 ? uniforms53(size, from) : uniforms(size, bits, from);
    return finish(drawn, shape, dtype, options);
  }, options);
}

/**
 * Standard normal random numbers. See `RandomOptions` for the seed. They are drawn in float32 by `philoxNormal` (sample 0,
 * purpose 2), and converted to other dtypes.
 * @throws TorchError if the dtype has no fractions, a number is out of its range, or inside a trace
 */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  const { dtype = 'float32' } = checkOptions('randn', options);
  const size = count('randn', shape);
  floating('randn', dtype);
  const from = stream('randn', options);
  return made(() => finish(philoxNormal(empty([1, size]), { ...from, samples: [0] }), shape, dtype, options), options);
}

/**
 * Random whole numbers from `low` up to, not including, `high`; default dtype int64. See `RandomOptions` for the seed.
 * @throws TorchError if `high` is not above `low`, the dtype cannot hold the numbers, a number is out of its range, or inside a
 * trace
 */
export function randint(low: number, high: number, shape: readonly number[], options: RandomOptions = {}): Tensor {
  const { dtype = 'int64' } = checkOptions('randint', options);
  const size = count('randint', shape);
  if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high) && high > low && Number.isSafeInteger(high - low)))
    throw new TorchError(`randint: expected whole numbers low < high, got ${describe(low)} and ${describe(high)}`);
  requireRoom('randint', dtype, low, high - 1);
  const from = stream('randint', options);
  return made(() => {
    const whole = uniforms53(size, from)
      .mul(high - low)
      .floor()
      .long()
      .add(low);
    return finish(whole, shape, dtype, options);
  }, options);
}

/**
 * The numbers 0 to n − 1 in random order; default dtype int64. See `RandomOptions` for the seed.
 * @throws TorchError if `n` is no whole number, the dtype cannot hold the numbers, or inside a trace
 */
export function randperm(n: number, options: RandomOptions = {}): Tensor {
  const { dtype = 'int64' } = checkOptions('randperm', options);
  const size = count('randperm', [n]);
  requireRoom('randperm', dtype, 0, n - 1);
  const from = stream('randperm', options);
  return made(() => finish(uniforms53(size, from).sort().indices, [size], dtype, options), options);
}

/** Refuses whole numbers that a dtype cannot hold exactly: they would wrap or be rounded. */
function requireRoom(what: string, dtype: Dtype, least: number, largest: number): void {
  dtypeCode(dtype); // throws if it is no dtype
  const bound = 2 ** (significands[dtype] ?? 0);
  const [from, to] = wholeRange(dtype) ?? (dtype === 'bool' ? [0, 1] : [-bound, bound]);
  if (least < from || largest > to)
    throw new TorchError(
      `${what}: ${dtype} holds whole numbers from ${from} to ${to}, but the draw has ${least} to ${largest}`,
    );
}

function floating(what: string, dtype: Dtype): number {
  const bits = significands[dtype];
  if (bits === undefined)
    throw new TorchError(`${what}: expected float32, float64, float16 or bfloat16, got ${describe(dtype)}`);
  return bits;
}
