import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normals } from '@rin/core';
import { noGrad, scope, type Tensor, tensor } from '@rin/torch';
import type { OptimizerConfig } from '../../../src/config/training.js';
import { createOptimizer } from '../../../src/training/optimizers/create.js';

/** Shapes as a network has them: square, wide and tall matrices in the blocks, and what is no block matrix. */
const shapes: Record<string, number[]> = {
  'stem.weight': [6, 5],
  'stem.bias': [6],
  'blocks.0.read.norm.weight': [6],
  'blocks.0.read.attention.q.weight': [6, 6],
  'blocks.0.read.attention.k.weight': [6, 6],
  'blocks.0.read.mlp.up.weight': [9, 6],
  'blocks.0.read.mlp.down.weight': [6, 9],
  'blocks.0.convolution.depthwise.weight': [4, 1, 3, 3],
  'time.dense0.weight': [4, 7],
};
const names = Object.keys(shapes);
const size = (name: string) => shapes[name].reduce((a, b) => a * b, 1);

function draw(name: string, step: number, scale: number): Float32Array {
  const values = new Float32Array(size(name));
  normals(5, 'noise', names.indexOf(name), step, values);
  return values.map((value) => value * scale);
}

const gradientOf = (name: string, update: number) => draw(name, update, 0.02);
const shares = [0, 0.5, 1, 1, 0.25];
const weightDecay = 0.02;
const learningRate = 0.01;

/** Runs our optimiser over a few updates; `after` is called when each is done. */
function run(optimizer: OptimizerConfig, after: (update: number, parameters: Record<string, Tensor>) => void): void {
  const parameters = Object.fromEntries(names.map((name) => [name, tensor(draw(name, 0, 0.3), shapes[name])]));
  const ours = createOptimizer({ optimizer, learningRate, weightDecay }, parameters, 'float32');
  for (const [index, share] of shares.entries()) {
    scope(() => {
      const gradients = names.map((name) => tensor(gradientOf(name, index + 1), shapes[name]));
      noGrad(() => ours.step(gradients, share, index + 1));
    });
    after(index + 1, parameters);
  }
}

/** A parameter's own float64 optimiser: moves `p` by the gradient `g` of update t = 1, 2, … */
type Oracle = (p: number[], g: number[], share: number, t: number) => void;

function check(optimizer: OptimizerConfig, oracleOf: (name: string) => Oracle): void {
  const oracles = names.map((name) => ({ name, p: [...draw(name, 0, 0.3)], move: oracleOf(name) }));
  run(optimizer, (update, parameters) => {
    for (const { name, p, move } of oracles) {
      move(p, [...gradientOf(name, update)], shares[update - 1], update);
      const found = parameters[name].toTypedArray();
      for (const [i, expected] of p.entries()) {
        // float32 parameters of about 0.3, a few roundings a step: 1e-6 is some 10 units in the last place.
        const message = `${name}[${i}] after ${update} updates: ${found[i]} against ${expected}`;
        assert.ok(Math.abs(Number(found[i]) - expected) < 1e-6, message);
      }
    }
  });
}

const norm = (values: number[]) => Math.hypot(...values);

/** m^ / (sqrt(v^) + epsilon) in float64 */
function adamDirection(beta1: number, beta2: number, epsilon: number): (g: number[], t: number) => number[] {
  let [m, v]: number[][] = [[], []];
  return (g, t) => {
    m = g.map((x, i) => beta1 * (m[i] ?? 0) + (1 - beta1) * x);
    v = g.map((x, i) => beta2 * (v[i] ?? 0) + (1 - beta2) * x * x);
    return m.map((x, i) => x / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon));
  };
}

const decayOf = (name: string) => (shapes[name].length > 1 ? weightDecay : 0);

function adamw(name: string, rate: number, beta1: number, beta2: number, epsilon: number): Oracle {
  const direction = adamDirection(beta1, beta2, epsilon);
  return (p, g, share, t) => {
    const u = direction(g, t);
    for (const i of p.keys()) p[i] -= share * rate * (u[i] + decayOf(name) * p[i]);
  };
}

test('AdamW moves as the float64 recomputation does, with decay on all but vectors', () => {
  check({ kind: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }, (name) =>
    adamw(name, learningRate, 0.9, 0.99, 1e-8),
  );
});

test('LAMB moves as the float64 recomputation does, with decay and trust ratio on all but vectors', () => {
  check({ kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-6 }, (name) => {
    const direction = adamDirection(0.9, 0.999, 1e-6);
    return (p, g, share, t) => {
      const u = direction(g, t).map((x, i) => x + decayOf(name) * p[i]);
      const ratio = shapes[name].length > 1 ? norm(p) / norm(u) : 1;
      for (const i of p.keys()) p[i] -= share * learningRate * ratio * u[i];
    };
  });
});

/** Row-major [rows, columns] times [columns, others]. */
function product(a: number[], b: number[], rows: number, columns: number, others: number): number[] {
  const out = new Array<number>(rows * others).fill(0);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < others; j++)
      for (let k = 0; k < columns; k++) out[i * others + j] += a[i * columns + k] * b[k * others + j];
  return out;
}

const transposed = (a: number[], rows: number, columns: number) =>
  a.map((_, i) => a[(i % rows) * columns + Math.floor(i / rows)]);

test('Muon moves as the float64 recomputation does on the matrices of the blocks, AdamW on all else', () => {
  const [momentum, steps, adamRate] = [0.9, 4, 0.003];
  const optimizer = {
    kind: 'muon',
    momentum,
    newtonSchulzSteps: steps,
    adamRate,
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
  };
  check(optimizer as OptimizerConfig, (name) => {
    if (!/^blocks.*(attention|mlp)/.test(name)) return adamw(name, adamRate, 0.9, 0.95, 1e-8);
    const [rows, columns] = shapes[name];
    let buffer = new Array<number>(rows * columns).fill(0);
    return (p, g, share) => {
      buffer = buffer.map((m, i) => momentum * m + (1 - momentum) * g[i]);
      let x = g.map((value, i) => momentum * buffer[i] + (1 - momentum) * value); // Nesterov: one step ahead
      const length = norm(x);
      x = x.map((value) => value / length);
      for (let step = 0; step < steps; step++) {
        // The odd polynomial by powers of X^T X from the right, where ours has X X^T from the left.
        const square = product(transposed(x, rows, columns), x, columns, rows, columns);
        const cube = product(x, square, rows, columns, columns);
        const fifth = product(cube, square, rows, columns, columns);
        x = x.map((value, i) => 3.4445 * value - 4.775 * cube[i] + 2.0315 * fifth[i]);
      }
      const scale = 0.2 * Math.sqrt(Math.max(rows, columns));
      for (const i of p.keys()) p[i] -= share * learningRate * (weightDecay * p[i] + scale * x[i]);
    };
  });
});

test('the first LAMB update of (3, 4) is what paper and pencil give', () => {
  const parameter = tensor([[3, 4]]);
  const optimizer = { kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-30 } as const;
  const lamb = createOptimizer({ optimizer, learningRate: 0.1, weightDecay: 0.5 }, { w: parameter }, 'float32');
  noGrad(() => lamb.step([tensor([[0.001, -200]])], 1, 1));
  // m^ / sqrt(v^) = sign of the gradient = (1, -1); u = (1, -1) + 0.5 (3, 4) = (2.5, 1); |p| / |u| = 5 / sqrt(7.25)
  const step = (0.1 * 5) / Math.sqrt(7.25);
  const [x, y] = parameter.toTypedArray();
  assert.ok(Math.abs(Number(x) - (3 - 2.5 * step)) < 1e-6);
  assert.ok(Math.abs(Number(y) - (4 - 1 * step)) < 1e-6);
});

test('a kernel of zeros gets trust ratio 1 and leaves zero, and a zero gradient moves nothing but by decay', () => {
  const [zero, still] = [tensor([[0, 0]]), tensor([[1, 0]])];
  const optimizer = { kind: 'lamb', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const lamb = createOptimizer({ optimizer, learningRate: 0.1, weightDecay: 0 }, { zero, still }, 'float32');
  noGrad(() => lamb.step([tensor([[2, -2]]), tensor([[0, 0]])], 1, 1));
  assert.deepEqual(
    [...zero.toTypedArray()].map((x) => Number(x).toFixed(5)),
    ['-0.10000', '0.10000'],
  );
  assert.deepEqual([...still.toTypedArray()], [1, 0]);
});

test('the state copied into a new optimiser goes on bit for bit', () => {
  const kinds = ['lamb', 'adamw', 'muon'] as const;
  for (const kind of kinds) {
    const optimizer = {
      kind,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      momentum: 0.9,
      newtonSchulzSteps: 3,
      adamRate: 1e-3,
    };
    const build = () => {
      const parameters = Object.fromEntries(names.map((name) => [name, tensor(draw(name, 0, 0.3), shapes[name])]));
      return {
        parameters,
        ...{ it: createOptimizer({ optimizer, learningRate, weightDecay }, parameters, 'float32') },
      };
    };
    const step = ({ it }: ReturnType<typeof build>, update: number) =>
      noGrad(() =>
        it.step(
          names.map((name) => tensor(gradientOf(name, update), shapes[name])),
          1,
          update,
        ),
      );
    const copy = (from: Readonly<Record<string, Tensor>>, to: Readonly<Record<string, Tensor>>) => {
      assert.deepEqual(Object.keys(from), Object.keys(to));
      for (const [name, value] of Object.entries(to)) value.copy_(from[name].clone());
    };
    const whole = build();
    step(whole, 1);
    step(whole, 2);
    const resumed = build();
    copy(whole.parameters, resumed.parameters);
    copy(whole.it.state, resumed.it.state);
    step(whole, 3);
    step(resumed, 3);
    for (const name of names)
      assert.deepEqual(
        resumed.parameters[name].toTypedArray(),
        whole.parameters[name].toTypedArray(),
        `${kind} ${name}`,
      );
  }
});
