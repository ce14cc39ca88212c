// @ts-check
// The speed of large products, the upper limit of a network: node bench/gpu/peak.mjs --device cuda --dtype bfloat16
import { randn, runtime, scope } from '@rin/torch';
import { given, record } from './setups.mjs';

const dtype = given.dtype === 'bfloat16' ? 'bfloat16' : 'float32';
const [side, products, rounds] = given.tiny ? [256, 2, 2] : [8192, 20, 6];
if (given.device !== 'cpu' && runtime().cudaDevices === 0) throw new Error('libtorch finds no CUDA device');
const seconds = scope(() => {
  const [x, y] = [1, 2].map((seed) => randn([side, side], { seed }).to(given.device).to(dtype));
  const round = () => {
    const began = performance.now();
    scope(() => {
      let last = x;
      for (let i = 0; i < products; i++) last = x.matmul(y);
      last.sum().item(); // waits for the device
    });
    return (performance.now() - began) / 1000 / products;
  };
  round();
  return Math.min(...Array.from({ length: rounds }, round));
});
const peak = { side, dtype, tflops: (2 * side ** 3) / seconds / 1e12 };
console.log(JSON.stringify(peak));
record((results) => {
  results.peak = peak;
});
