// @ts-check
// Uses only @rin/torch: trains a small convolutional network to tell discs, rings and crosses apart. After half of the steps it
// writes network and optimiser to files, and goes on with copies of them.
//     node examples/classifier.mjs [STEPS]
import {
  AdamW,
  Conv,
  crossEntropy,
  initialise,
  Linear,
  noGrad,
  readSafetensors,
  Sequential,
  scope,
  tensor,
  writeSafetensors,
} from '@rin/torch';

const steps = Number(process.argv[2] ?? 200);
const classes = ['disc', 'ring', 'cross'];
const side = 12;

/** Pictures [count, 1, side, side] with noise, at random places, and their classes [count]. @param {number} count */
function draw(count) {
  const pixels = new Float32Array(count * side * side);
  const labels = BigInt64Array.from({ length: count }, () => BigInt(Math.floor(Math.random() * classes.length)));
  for (let picture = 0; picture < count; picture++) {
    const [left, top, size] = [4 + 3 * Math.random(), 4 + 3 * Math.random(), 3 + Math.random()];
    for (let i = 0; i < side * side; i++) {
      const [x, y] = [Math.abs((i % side) - left), Math.abs(Math.floor(i / side) - top)];
      const isDisc = Math.hypot(x, y) < size;
      const isRing = isDisc && Math.hypot(x, y) > size - 1.5;
      const isCross = Math.min(x, y) < 0.8 && Math.max(x, y) < size;
      const isInside = [isDisc, isRing, isCross][Number(labels[picture])];
      pixels[picture * side * side + i] = Number(isInside) + Math.random() - 0.5;
    }
  }
  return { images: tensor(pixels, [count, 1, side, side]), labels: tensor(labels) };
}

/** The network, with new weights. */
const build = () =>
  new Sequential(
    new Conv(1, 8, [3, 3], { padding: 1 }), //              [B, 1, 12, 12] → [B, 8, 12, 12]
    (x) => x.relu(),
    new Conv(8, 16, [3, 3], { stride: 2 }), //              [B, 16, 5, 5]
    (x) => x.relu().flatten(1), //                          [B, 400]
    new Linear(400, classes.length), //                     [B, 3]
  );

/** Biases have no weight decay. @param {Sequential} network */
const optimizerFor = (network) =>
  new AdamW(network, { lr: 3e-3, weightDecay: 0.05, decays: (_, { shape }) => shape.length > 1 });

/** @param {Sequential} network @param {AdamW} optimizer @param {number} end */
function train(network, optimizer, end) {
  while (optimizer.updates < end) {
    optimizer.zeroGrad();
    // The scope frees all tensors of a step.
    scope(() => {
      const { images, labels } = draw(32);
      const loss = crossEntropy(network.forward(images), labels);
      loss.backward();
      if (optimizer.updates % 50 === 0) console.log(`step ${optimizer.updates}: loss ${loss.item().toFixed(3)}`);
    });
    optimizer.step({ lrScale: 1 - optimizer.updates / steps }); // the learning rate falls to 0
  }
}

const first = initialise(build(), 1);
const firstOptimizer = optimizerFor(first);
train(first, firstOptimizer, Math.floor(steps / 2));
await writeSafetensors('classifier.safetensors', first.parameters());
await writeSafetensors('optimizer.safetensors', firstOptimizer.state());

const network = build();
network.loadParameters((await readSafetensors('classifier.safetensors')).tensors);
const optimizer = optimizerFor(network);
optimizer.load((await readSafetensors('optimizer.safetensors')).tensors);
train(network, optimizer, steps);

const right = scope(() =>
  noGrad(() => {
    const { images, labels } = draw(1000);
    return network.forward(images).argmax(1).eq(labels).float().mean().item();
  }),
);
console.log(`It names ${(100 * right).toFixed(1)} % of 1,000 new pictures correctly.`);
