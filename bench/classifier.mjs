// @rin/torch's side of gentleness.mjs. The protocol is in contestants.mjs; a step is an epoch.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  Conv,
  crossEntropy,
  initial,
  Linear,
  maxPool2d,
  noGrad,
  randperm,
  runtime,
  Sequential,
  SGD,
  scope,
  tensor,
} from '@rin/torch';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { path, pictures, classes, side, batch, learningRate } = JSON.parse((await lines.next()).value);
const bytes = readFileSync(path);
const pixels = tensor(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), [pictures, 1, side, side]);
const labels = tensor(BigInt64Array.from({ length: pictures }, (_, i) => BigInt(i % classes)));

/** Weights start uniform in ±1/√(inputs), as in PyTorch. @param {number} inputs */
const values = (inputs) => ({ initial: initial.uniform(1 / Math.sqrt(inputs)) });
const width = 32 * (side / 4) ** 2;
const network = new Sequential(
  new Conv(1, 16, [3, 3], { padding: 1, ...values(9) }),
  (x) => maxPool2d(x.relu(), 2),
  new Conv(16, 32, [3, 3], { padding: 1, ...values(144) }),
  (x) => maxPool2d(x.relu(), 2).flatten(1),
  new Linear(width, classes, values(width)),
);
const optimizer = new SGD(network, { lr: learningRate });

function epoch() {
  scope(() => {
    for (const index of randperm(pictures).split(batch))
      scope(() => {
        optimizer.zeroGrad();
        crossEntropy(network.forward(pixels.indexSelect(0, index)), labels.indexSelect(0, index)).backward();
        optimizer.step();
      });
  });
}

epoch();
const parameters = Object.values(network.parameters()).reduce((sum, { size }) => sum + size, 0);
console.log(JSON.stringify({ parameters, version: runtime().version }));
for await (const line of lines) {
  const seconds = Array.from({ length: JSON.parse(line).steps }, () => {
    const begin = performance.now();
    epoch();
    return (performance.now() - begin) / 1000;
  });
  const right = scope(() => noGrad(() => network.forward(pixels).argmax(1).eq(labels).float().mean().item()));
  console.log(JSON.stringify({ seconds, right, memory: process.resourceUsage().maxRSS / 1024 }));
}
