// @ts-check
// The tests that concern a GPU, and those of the tensor library: node bench/gpu/tests.mjs [cuda|cpu]
// Without a GPU, those of CUDA are skipped. With one, a skip would be a mistake, so it is told.
import { runtime } from '@rin/torch';
import { runTests } from '../../scripts/testing/runTests.mjs';
import { record } from './setups.mjs';

const [wanted = 'cuda'] = process.argv.slice(2);
const devices = runtime().cudaDevices;
const names = ['cuda', 'modes', 'print', 'tensor', 'operators', 'autograd', 'philox', 'random', 'recomputation'];
const filters = [
  ...names.map((name) => `torch/dist/test/${name}.test.js`),
  'torch/dist/test/nn/',
  'torch/dist/test/optim/state',
  'rin/dist/test/training/cuda.test.js',
];
const passed = await runTests({ fast: true, filters });
const tests = `${passed ? 'all passed' : 'some failed, see log.txt'}, with ${devices} CUDA devices`;
console.log(tests);
record((results) => {
  results.tests = tests;
});
if (!passed || (wanted === 'cuda' && devices === 0)) process.exitCode = 1;
