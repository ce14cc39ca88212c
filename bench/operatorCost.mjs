// Measures the cost of an operator call, from Node and from Python: node bench/operatorCost.mjs
import { execFileSync } from 'node:child_process';
import { ones, scope } from '@rin/torch';
import { native } from '../packages/torch/dist/src/native.js';
import { operator } from '../packages/torch/dist/src/schema.js';
import { createLog } from '../packages/torch/setup/log.mjs';
import { ensurePython } from '../scripts/python.mjs';
import { machine, median, table } from './machine.mjs';

const [calls, rounds] = [1000, 101];
const [x, y] = [ones([8]), ones([8])]; // so small that the addition itself costs almost nothing
const add = operator('aten::add.Tensor').id;

/** @type {[string, () => void][]} one call each */
const cases = [
  [
    'native add, and release',
    () => native.release(/** @type {number} */ (native.callOperator(add, x.slot, y.slot, 1))),
  ],
  ['add, and dispose', () => x.add(y).dispose()],
  ['add, in a scope', () => void x.add(y)],
  ['add a number, in a scope', () => void x.add(1)],
  ['add_', () => void x.add_(y)],
];

/** Microseconds for each call. @param {() => void} body */
function time(body) {
  const begin = performance.now();
  scope(() => {
    for (let i = 0; i < calls; i++) body();
  });
  return ((performance.now() - begin) * 1000) / calls;
}

// By turns, so that other load on the machine affects all alike. The first rounds warm up the compiler.
/** @type {number[][]} */
const times = cases.map(() => []);
for (let round = -20; round < rounds; round++) {
  cases.forEach(([, body], i) => {
    const spent = time(body);
    if (round >= 0) times[i].push(spent);
  });
}
const python = `
import statistics, time, torch
x, y = torch.ones(8), torch.ones(8)
def micros():
    begin = time.perf_counter()
    for _ in range(${calls}): x + y
    return (time.perf_counter() - begin) * 1e6 / ${calls}
print(statistics.median([micros() for _ in range(${rounds + 20})][20:]))`;
const theirs = Number(execFileSync(await ensurePython({ log: createLog() }), ['-c', python], { encoding: 'utf8' }));

const rows = [
  ...cases.map(([name], i) => /** @type {const} */ ([name, median(times[i])])),
  /** @type {const} */ (['x + y, PyTorch from Python', theirs]),
];
console.log(`${machine()}; median of ${rounds} × ${calls} calls, float32 [8]`);
table([
  ['', 'µs', '÷ PyTorch'],
  ...rows.map(([name, micros]) => [name, micros.toFixed(2), (micros / theirs).toFixed(2)]),
]);
