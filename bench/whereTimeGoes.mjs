// Measures the time of each operator in a training step: node bench/whereTimeGoes.mjs [--network benchmark] [--dtype float32]
// The times are libtorch's own (at::RecordFunction), backward passes included. The rest of a step is JavaScript.
import { profile, runtime, setThreads } from '@rin/torch';
import { Learner } from '../packages/rin/dist/src/training/learner.js';
import { loadPreset } from '../packages/rin/dist/src/training/presets.js';
import { flags, machine, median, productPeak, table } from './machine.mjs';
import { syntheticBatch } from './syntheticBatch.mjs';

const given = flags({
  network: { type: 'string', default: 'benchmark' },
  dtype: { type: 'string', default: 'float32' },
  batch: { type: 'string', default: '32' },
  threads: { type: 'string', default: String(runtime().threads) },
  steps: { type: 'string', default: '6' },
});
const [batch, threads, steps] = [given.batch, given.threads, given.steps].map(Number);
const dtype = given.dtype === 'bfloat16' ? 'bfloat16' : 'float32';
setThreads(threads);
const config = loadPreset(given.network, { training: { batch } });
const learner = new Learner(config, 1 / 3, { device: 'cpu', dtype });
const data = syntheticBatch(config);
let updates = 0;
const step = () => learner.update(data, updates * batch, updates++);
for (let i = 0; i < 3; i++) await step();

/** @type {number[]} */
const times = [];
for (let i = 0; i < steps; i++) {
  const begin = performance.now();
  await step();
  times.push(performance.now() - begin);
}
const whole = median(times);
const operators = await profile(async () => {
  for (let i = 0; i < steps; i++) await step();
});

/** FLOP of a product of matrices; a tensor to which it is added comes first. @param {readonly (readonly number[])[]} shapes */
function products(shapes, isAdded = false) {
  const [x, y] = shapes.slice(isAdded ? 1 : 0);
  return 2 * x.reduce((a, b) => a * b, 1) * y[y.length - 1];
}
/** FLOP of attention: two products, or five in a backward pass, which computes the scores again. @param {readonly (readonly number[])[]} shapes */
function attention(shapes, backward = false) {
  const [q, k] = backward ? shapes.slice(1) : shapes;
  return (backward ? 5 : 2) * 2 * q.reduce((a, b) => a * b, 1) * k[k.length - 2];
}
const isProduct = (/** @type {string} */ name) => /^aten::(mm|addmm|bmm|baddbmm)$/.test(name);
/** @param {import('@rin/torch').OperatorTime} time */
function flops({ operator, shapes, calls }) {
  if (isProduct(operator)) return calls * products(shapes, operator.includes('add'));
  if (operator === 'mkldnn::_linear_pointwise') return calls * 2 * shapes[0].reduce((a, b) => a * b, 1) * shapes[1][0];
  if (operator.startsWith('aten::_scaled_dot_product_flash') || operator.startsWith('rin::attention'))
    return calls * attention(shapes, operator.endsWith('backward'));
  return 0;
}

/** @type {Map<string, { calls: number, ms: number, gflop: number }>} */
const byName = new Map();
for (const time of operators) {
  const name = time.operator
    .replace(/^autograd::engine::evaluate_function: /, '')
    .replace(/^\w+Backward\d*$/, '(bookkeeping of backward)');
  const sum = byName.get(name) ?? { calls: 0, ms: 0, gflop: 0 };
  sum.calls += time.calls / steps;
  sum.ms += (time.seconds * 1000) / steps;
  sum.gflop += flops(time) / steps / 1e9;
  byName.set(name, sum);
}
const rows = [...byName].sort(([, a], [, b]) => b.ms - a.ms);
const shown = rows.slice(0, 18);
const sum = (/** @type {typeof rows} */ list, /** @type {'calls' | 'ms' | 'gflop'} */ key) =>
  list.reduce((total, [, row]) => total + row[key], 0);
// If libtorch has no kernels for bfloat16, rin computes products in float32.
const peak = Math.max(productPeak('float32'), dtype === 'bfloat16' ? productPeak('bfloat16') : 0);
const total = sum(rows, 'gflop');

/** @param {string} name @param {{ calls: number, ms: number, gflop: number }} row */
const line = (name, { calls, ms, gflop }) => [
  name,
  calls.toFixed(0),
  ms.toFixed(1),
  `${((100 * ms) / sum(rows, 'ms')).toFixed(1)} %`,
  gflop > 0 ? gflop.toFixed(1) : '',
  gflop > 0 ? `${((100 * gflop) / (ms / 1000) / peak).toFixed(0)} %` : '',
];
console.log(`A training step of ${given.network}, ${batch} samples, ${dtype}, ${config.training.optimizer.kind}`);
console.log(machine());
table([
  ['operator', 'calls', 'ms', 'of the time', 'GFLOP', 'of the peak'],
  ...shown.map(([name, row]) => line(name, row)),
  line(`${rows.length - shown.length} others`, {
    calls: sum(rows.slice(18), 'calls'),
    ms: sum(rows.slice(18), 'ms'),
    gflop: sum(rows.slice(18), 'gflop'),
  }),
]);
console.log(
  `Peak of a product of two 1536² matrices: ${peak.toFixed(0)} GFLOP/s. A step without the profile: ${whole.toFixed(0)} ms (median of ${steps}),`,
);
console.log(
  `${total.toFixed(1)} GFLOP in products: ${((100 * total) / (whole / 1000) / peak).toFixed(0)} % of the peak.`,
);
