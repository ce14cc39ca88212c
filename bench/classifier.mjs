// @rin/torch's side of gentleness.mjs. The protocol is in contestants.mjs; a step is an epoch.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { conv2d, crossEntropy, linear, maxPool2d, noGrad, rand, randperm, runtime, scope, tensor } from '@rin/torch';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { path, pictures, classes, side, batch, learningRate } = JSON.parse((await lines.next()).value);
const bytes = readFileSync(path);
const pixels = tensor(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4), [pictures, 1, side, side]);
const labels = tensor(BigInt64Array.from({ length: pictures }, (_, i) => BigInt(i % classes)));

/** Uniform in ±1/√(inputs), as PyTorch's layers start. @param {number[]} shape @param {number} inputs */
const weight = (shape, inputs) => {
  const made = noGrad(() =>
    rand(shape)
      .sub(0.5)
      .mul(2 / Math.sqrt(inputs)),
  );
  made.requiresGrad = true;
  return made;
};
const width = 32 * (side / 4) ** 2;
const [w1, b1, w2, b2, w3, b3] = [
  weight([16, 1, 3, 3], 9),
  weight([16], 9),
  weight([32, 16, 3, 3], 144),
  weight([32], 144),
  weight([classes, width], width),
  weight([classes], width),
];
const weights = [w1, b1, w2, b2, w3, b3];

/** @param {import('@rin/torch').Tensor} x */
function network(x) {
  const first = maxPool2d(conv2d(x, w1, b1, { padding: 1 }).relu(), 2);
  const second = maxPool2d(conv2d(first, w2, b2, { padding: 1 }).relu(), 2);
  return linear(second.flatten(1), w3, b3);
}

function epoch() {
  scope(() => {
    for (const index of randperm(pictures).split(batch))
      scope(() => {
        crossEntropy(network(pixels.indexSelect(0, index)), labels.indexSelect(0, index)).backward();
        noGrad(() => {
          for (const each of weights) {
            if (each.grad) each.sub_(each.grad, { alpha: learningRate });
            each.grad = null;
          }
        });
      });
  });
}

epoch();
const parameters = weights.reduce((sum, { size }) => sum + size, 0);
console.log(JSON.stringify({ parameters, version: runtime().version }));
for await (const line of lines) {
  const seconds = Array.from({ length: JSON.parse(line).steps }, () => {
    const begin = performance.now();
    epoch();
    return (performance.now() - begin) / 1000;
  });
  const right = scope(() => noGrad(() => network(pixels).argmax(1).eq(labels).float().mean().item()));
  console.log(JSON.stringify({ seconds, right, memory: process.resourceUsage().maxRSS / 1024 }));
}
