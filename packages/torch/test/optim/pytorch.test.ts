import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AdamW, Muon, type Optimizer, SGD, type Tensor, tensor } from '../../src/index.js';

// pytorch.py wrote pytorch.json, and says the same of shapes, parameters and gradients.
const { results } = JSON.parse(readFileSync(new URL('../../../test/optim/pytorch.json', import.meta.url), 'utf8')) as {
  results: Record<string, Record<string, number[]>[]>;
};

const shapes: Record<string, number[]> = {
  'wide.weight': [3, 5],
  'tall.weight': [4, 2],
  'twin.weight': [5, 3],
  bias: [4],
};

function of(shape: readonly number[], salt: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => (((37 * i + 11 * salt) % 23) - 11) / 16),
    shape,
  );
}

/** Fails unless every parameter agrees with PyTorch's after every update. */
function compare(result: string, make: (parameters: Record<string, Tensor>) => Optimizer, tolerance: number): void {
  const parameters = Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, of(shape, i)]));
  const optimizer = make(parameters);
  for (const [index, expected] of results[result].entries()) {
    for (const [i, [name, shape]] of Object.entries(shapes).entries())
      parameters[name].grad = of(shape, 5 * (index + 1) + i);
    optimizer.step();
    for (const [name, values] of Object.entries(expected))
      for (const [i, found] of parameters[name].toTypedArray().entries()) {
        const message = `${name}[${i}] after ${index + 1} updates: ${found}, PyTorch ${values[i]}`;
        assert.ok(Math.abs(Number(found) - values[i]) <= tolerance, message);
      }
  }
}

// Parameters and updates are below 2, so 1e-6 is a few units in the last place of float32.
test('SGD moves as in PyTorch: plain, with momentum, with Nesterov momentum and weight decay', () => {
  compare('sgd', (parameters) => new SGD(parameters, { lr: 0.1 }), 1e-6);
  compare('momentum', (parameters) => new SGD(parameters, { lr: 0.1, momentum: 0.9 }), 1e-6);
  const nesterov = { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.05 };
  compare('nesterov', (parameters) => new SGD(parameters, nesterov), 1e-6);
});

test('AdamW moves as in PyTorch, with the default of every option and with other values', () => {
  compare('adamw', (parameters) => new AdamW(parameters), 1e-6);
  const options = { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.2 } as const;
  compare('adamwOptions', (parameters) => new AdamW(parameters, options), 1e-6);
});

test('Muon moves as in PyTorch', () => {
  const make = (parameters: Record<string, Tensor>) =>
    new Muon(parameters, { lr: 0.02, momentum: 0.9, rest: { lr: 0.01 } });
  // The iteration multiplies small singular values, and so their roundings, by up to 3.4⁵ ≈ 500; an update is below 0.009.
  compare('muon', make, 1e-5);
});
