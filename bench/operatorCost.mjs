// What a call of an operator costs over the addon's own: node bench/operatorCost.mjs
import { cpus } from 'node:os';
import { ones, scope } from '@rin/torch';
import { native } from '../packages/torch/dist/src/native.js';
import { operator } from '../packages/torch/dist/src/schema.js';

const [calls, rounds] = [1000, 101];
const [x, y] = [ones([8]), ones([8])]; // so small that the adding itself costs next to nothing
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

/** Microseconds a call. @param {() => void} body */
function time(body) {
  const begin = performance.now();
  scope(() => {
    for (let i = 0; i < calls; i++) body();
  });
  return ((performance.now() - begin) * 1000) / calls;
}

// All in turn, so that what else the machine does meets all alike; the first rounds are for the compiler.
/** @type {number[][]} */
const times = cases.map(() => []);
for (let round = -20; round < rounds; round++) {
  cases.forEach(([, body], i) => {
    const spent = time(body);
    if (round >= 0) times[i].push(spent);
  });
}
const medians = times.map((list) => list.sort((a, b) => a - b)[rounds >> 1]);

console.log(`${cpus()[0].model}, Node ${process.versions.node}; median of ${rounds} × ${calls} calls, float32 [8]`);
cases.forEach(([name], i) => {
  console.log(`${name.padEnd(26)}${medians[i].toFixed(2)} µs  ${(medians[i] / medians[0]).toFixed(2)} ×`);
});
