// @ts-check
// Uses only @rin/torch: fits a network of two layers to a curve, writes it, reads it back and plots it.
//     node examples/tensors.mjs
import {
  arange,
  empty,
  linear,
  Module,
  noGrad,
  philoxNormal,
  readSafetensors,
  scope,
  writeSafetensors,
  zeros,
} from '@rin/torch';

class Curve extends Module {
  // A public property that is a tensor is a parameter. A seed gives the same values on every machine.
  inner = philoxNormal(empty([32, 1]), { seed: 1, samples: Array.from({ length: 32 }, (_, unit) => unit) });
  bias = philoxNormal(empty([1, 32]), { seed: 2, samples: [0] }).reshape([32]);
  outer = zeros([1, 32]);

  /** [n, 1] → [n, 1] @param {import('@rin/torch').Tensor} x */
  forward(x) {
    return linear(linear(x, this.inner, this.bias).tanh(), this.outer);
  }
}

const x = arange(-60, 60).float().mul(0.05).reshape([120, 1]); //      −3 … 2.95
const y = x.mul(1.5).sin().add(x.mul(0.3));

const curve = new Curve();
const parameters = Object.values(curve.parameters());
for (const parameter of parameters) parameter.requiresGrad = true;
const momenta = parameters.map(({ shape }) => zeros(shape));

for (let step = 0; step <= 4000; step++) {
  scope(() => {
    //                                                      frees all tensors of a step
    const loss = curve.forward(x).sub(y).square().mean();
    loss.backward();
    noGrad(() => {
      for (const [i, parameter] of parameters.entries()) {
        if (parameter.grad === null) continue;
        momenta[i].mul_(0.9).add_(parameter.grad);
        parameter.sub_(momenta[i], { alpha: 0.01 });
        parameter.grad = null;
      }
    });
    if (step % 1000 === 0) console.log(`step ${step}: mean squared error ${loss.item().toFixed(4)}`);
  });
}

await writeSafetensors('curve.safetensors', curve.parameters());
const { tensors } = await readSafetensors('curve.safetensors');
const copy = new Curve();
copy.loadParameters(tensors);
const heights = scope(() => copy.forward(x).toTypedArray());
for (let i = 0; i < heights.length; i += 4) console.log(`${' '.repeat(Math.round(20 + 12 * Number(heights[i])))}•`);
