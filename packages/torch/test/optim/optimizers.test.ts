import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdamW, empty, Lamb, Muon, type Optimizer, philoxNormal, type Tensor, tensor } from '../../src/index.js';

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
  const values = philoxNormal(empty([1, size(name)]), { seed: 5, samples: [names.indexOf(name)], step });
  return Float32Array.from(Array.from(values.toTypedArray(), Number), (value) => value * scale);
}

const gradientOf = (name: string, update: number) => draw(name, update, 0.02);
const lrScales = [0, 0.5, 1, 1, 0.25];
const weightDecay = 0.02;
const lr = 0.01;
const decays = (_: string, { shape }: Tensor) => shape.length > 1;

/** Runs our optimiser over a few updates; `after` is called when each is done. */
function run(
  make: (parameters: Record<string, Tensor>) => Optimizer,
  after: (update: number, parameters: Record<string, Tensor>) => void,
): void {
  const parameters = Object.fromEntries(names.map((name) => [name, tensor(draw(name, 0, 0.3), shapes[name])]));
  const ours = make(parameters);
  for (const [index, lrScale] of lrScales.entries()) {
    for (const name of names) parameters[name].grad = tensor(gradientOf(name, index + 1), shapes[name]);
    ours.step({ lrScale });
    after(index + 1, parameters);
  }
}

/** A parameter's own float64 optimiser: moves `p` by the gradient `g` of update t = 1, 2, … */
type Oracle = (p: number[], g: number[], lrScale: number, t: number) => void;

function check(make: Parameters<typeof run>[0], oracleOf: (name: string) => Oracle): void {
  const oracles = names.map((name) => ({ name, p: [...draw(name, 0, 0.3)], move: oracleOf(name) }));
  run(make, (update, parameters) => {
    for (const { name, p, move } of oracles) {
      move(p, [...gradientOf(name, update)], lrScales[update - 1], update);
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
  return (p, g, lrScale, t) => {
    const u = direction(g, t);
    for (const i of p.keys()) p[i] -= lrScale * rate * (u[i] + decayOf(name) * p[i]);
  };
}

test('AdamW moves as the float64 recomputation does, with decay on all but vectors', () => {
  check(
    (parameters) => new AdamW(parameters, { lr, weightDecay, betas: [0.9, 0.99], decays }),
    (name) => adamw(name, lr, 0.9, 0.99, 1e-8),
  );
});

test('LAMB moves as the float64 recomputation does, with decay and trust ratio on all but vectors', () => {
  const make: Parameters<typeof run>[0] = (parameters) => new Lamb(parameters, { lr, weightDecay, eps: 1e-6 });
  check(make, (name) => {
    const direction = adamDirection(0.9, 0.999, 1e-6);
    return (p, g, lrScale, t) => {
      const u = direction(g, t).map((x, i) => x + decayOf(name) * p[i]);
      const ratio = shapes[name].length > 1 ? norm(p) / norm(u) : 1;
      for (const i of p.keys()) p[i] -= lrScale * lr * ratio * u[i];
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

test('Muon moves as the float64 recomputation does on the chosen matrices, AdamW on all else', () => {
  const [momentum, steps, adamRate] = [0.9, 4, 0.003];
  const rest = { lr: adamRate, weightDecay, betas: [0.9, 0.95], decays } as const;
  const matrices = (name: string, { shape }: Tensor) => name.startsWith('blocks.') && shape.length === 2;
  const make: Parameters<typeof run>[0] = (parameters) =>
    new Muon(parameters, { lr, weightDecay, momentum, nsSteps: steps, matrices, rest });
  check(make, (name) => {
    if (!/^blocks.*(attention|mlp)/.test(name)) return adamw(name, adamRate, 0.9, 0.95, 1e-8);
    const [rows, columns] = shapes[name];
    let buffer = new Array<number>(rows * columns).fill(0);
    return (p, g, lrScale) => {
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
      for (const i of p.keys()) p[i] -= lrScale * lr * (weightDecay * p[i] + scale * x[i]);
    };
  });
});

test('the first LAMB update of (3, 4) is what paper and pencil give', () => {
  const parameter = tensor([[3, 4]]);
  parameter.grad = tensor([[0.001, -200]]);
  new Lamb({ w: parameter }, { lr: 0.1, weightDecay: 0.5, eps: 1e-30 }).step();
  // m^ / sqrt(v^) = sign of the gradient = (1, -1); u = (1, -1) + 0.5 (3, 4) = (2.5, 1); |p| / |u| = 5 / sqrt(7.25)
  const step = (0.1 * 5) / Math.sqrt(7.25);
  const [x, y] = parameter.toTypedArray();
  assert.ok(Math.abs(Number(x) - (3 - 2.5 * step)) < 1e-6);
  assert.ok(Math.abs(Number(y) - (4 - 1 * step)) < 1e-6);
});

test('a kernel of zeros gets trust ratio 1 and leaves zero, and a zero gradient moves nothing but by decay', () => {
  const [zero, still] = [tensor([[0, 0]]), tensor([[1, 0]])];
  [zero.grad, still.grad] = [tensor([[2, -2]]), tensor([[0, 0]])];
  new Lamb({ zero, still }, { lr: 0.1, weightDecay: 0 }).step();
  assert.deepEqual(
    [...zero.toTypedArray()].map((x) => Number(x).toFixed(5)),
    ['-0.10000', '0.10000'],
  );
  assert.deepEqual([...still.toTypedArray()], [1, 0]);
});
