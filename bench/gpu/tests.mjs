// @ts-check
// The tests that concern a GPU, and those of the tensor library: node bench/gpu/tests.mjs [cuda|cpu]
// Without a GPU, those of CUDA are skipped. With one, a skip would be a mistake, so it is told.
import { runtime } from '@rin/torch';
import { runTests } from '../../scripts/testing/runTests.mjs';
import { record } from './setups.mjs';

const [wanted = 'cuda'] = process.argv.slice(2);
const devices = runtime().cudaDevices;
const names = ['modes', 'print', 'tensor', 'operators', 'autograd', 'philox', 'random', 'recomputation'];
const first = ['torch/dist/test/cuda.test.js', 'rin/dist/test/training/cuda.test.js'];
const others = [
  ...names.map((name) => `torch/dist/test/${name}.test.js`),
  'torch/dist/test/nn/',
  'torch/dist/test/optim/state',
];
const outcomes = [];
for (const [what, filters] of /** @type {const} */ ([
  ['of CUDA', first],
  ['of the tensor library', others],
])) {
  const passed = await runTests({ fast: true, filters });
  outcomes.push(`${what} ${passed ? 'all passed' : 'some failed, see log.txt'}`);
  record((results) => {
    results.tests = `${outcomes.join(', ')}, with ${devices} CUDA devices`; // kept if the next ones take too long
  });
  if (!passed) process.exitCode = 1;
}
if (wanted === 'cuda' && devices === 0) process.exitCode = 1;
