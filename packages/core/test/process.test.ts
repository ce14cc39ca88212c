import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Arithmetic, carry, epsOf, estimateOf, guidanceAt, guide, levelFactors } from '../src/index.js';

/** Two numbers with the arithmetic of tensors, in float64. */
class Pair implements Arithmetic<Pair> {
  constructor(
    readonly a: number,
    readonly b: number,
  ) {}
  #with(other: Pair | number, compute: (one: number, two: number) => number): Pair {
    const [a, b] = typeof other === 'number' ? [other, other] : [other.a, other.b];
    return new Pair(compute(this.a, a), compute(this.b, b));
  }
  add = (other: Pair, { alpha }: { alpha: number }) => this.#with(other, (one, two) => one + alpha * two);
  sub = (other: Pair) => this.#with(other, (one, two) => one - two);
  mul = (factor: Pair | number) => this.#with(factor, (one, two) => one * two);
  div = (divisor: Pair | number) => this.#with(divisor, (one, two) => one / two);
  clamp = (low: number, high: number) => this.#with(0, (one) => Math.min(Math.max(one, low), high));
}

const near = (found: Pair, a: number, b: number) =>
  assert.ok(Math.abs(found.a - a) < 1e-12 && Math.abs(found.b - b) < 1e-12, `${found.a}, ${found.b}`); // float64

test('the true noise, data and velocity of x_t all lead back to the data', () => {
  const [gamma, x, eps] = [0.3, new Pair(0.5, -0.9), new Pair(-1.2, 2)];
  const at = levelFactors(gamma, 1 - gamma, { inputScale: 0.5, meanSquare: 0.4 });
  assert.ok(Math.abs(at.deviation - Math.sqrt(0.3 * 0.4 * 0.25 + 0.7)) < 1e-15);
  const xt = x.mul(Math.sqrt(gamma)).add(eps, { alpha: Math.sqrt(1 - gamma) });
  const velocity = eps.mul(Math.sqrt(gamma)).sub(x.mul(Math.sqrt(1 - gamma)));
  for (const [kind, output] of [
    ['x', x],
    ['eps', eps],
    ['v', velocity],
  ] as const) {
    near(estimateOf(output, xt, kind, at), 0.5, -0.9);
    near(estimateOf(output, xt, kind, at, 0.6), 0.5, -0.6);
  }
  near(epsOf(xt, x, at), -1.2, 2);
});

test('guidance moves away from the unlabelled output, inside its interval alone', () => {
  near(guide(new Pair(2, 1), new Pair(1, 3), 0.5), 2.5, 0);
  const options = { guidance: 2, guidanceFrom: 0.25, guidanceTo: 0.75 };
  assert.deepEqual(
    [0.2, 0.25, 0.75, 0.8].map((gamma) => guidanceAt(options, gamma)),
    [0, 2, 2, 0],
  );
});

test('momentum mixes in what the step before carried, which is zero at first', () => {
  const latest = new Pair(1, 2);
  assert.equal(carry(latest, new Pair(5, 5), 0), latest);
  near(carry(latest, undefined, 0.25), 0.75, 1.5);
  near(carry(latest, new Pair(4, 8), 0.25), 1.75, 3.5);
});
