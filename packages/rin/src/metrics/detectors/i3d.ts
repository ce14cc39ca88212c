import { cat, conv3d, keep, Module, type Tensor, unsafe } from '@rin/torch';
import { FoldedConv, padded, samePadding } from './foldedConv.js';
import type { Weights } from './weights.js';

/** Channels of the four branches of each Inception module: 1×1; 1×1 and 3×3; 1×1 and 3×3; 1×1 after the pooling. */
const modules: Readonly<Record<string, readonly [number, number, number, number, number, number]>> = {
  Mixed_3b: [64, 96, 128, 16, 32, 32],
  Mixed_3c: [128, 128, 192, 32, 96, 64],
  Mixed_4b: [192, 96, 208, 16, 48, 64],
  Mixed_4c: [160, 112, 224, 24, 64, 64],
  Mixed_4d: [128, 128, 256, 24, 64, 64],
  Mixed_4e: [112, 144, 288, 32, 64, 64],
  Mixed_4f: [256, 160, 320, 32, 128, 128],
  Mixed_5b: [256, 160, 320, 32, 128, 128],
  Mixed_5c: [384, 192, 384, 48, 128, 128],
};

/** The last modules before a pooling, with its window and stride. */
const poolings: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  Mixed_3c: [
    [3, 3, 3],
    [2, 2, 2],
  ],
  Mixed_4f: [
    [2, 2, 2],
    [2, 2, 2],
  ],
};

const kinetics = 400;
const lastChannels = 1024;

/** Sonnet's eps of batch norm. It has a shift and no gain. */
const eps = 1e-3;

/** Frames and pixels of the last pooling window. */
const lastWindow = [2, 7, 7] as const;

/** The fewest frames that fill the last pooling window: time is halved three times, rounded up. */
export const fewestFrames = 9;

/** Width and height of the input. */
export const i3dSize = 224;

/**
 * I3D (Carreira & Zisserman 2017): the Inception network over time, height and width, trained on the 400 classes of Kinetics.
 * Its outputs are the 400 logits, averaged over time, before the softmax. These are the features of the Fréchet video distance:
 * its authors take them from the same network (Unterthiner et al. 2018), and so does `i3d_torchscript.pt` with
 * `return_features=True`.
 */
export class I3D extends Module {
  readonly first: FoldedConv;
  readonly second: FoldedConv;
  readonly third: FoldedConv;
  readonly mixed: readonly InceptionModule[];
  readonly weight: Tensor;
  readonly bias: Tensor;

  /** @throws RinError if the weights are those of another network */
  constructor(weights: Weights) {
    super();
    this.first = unit(weights, 'Conv3d_1a_7x7', [7, 7, 7, 3, 64], 2);
    this.second = unit(weights, 'Conv3d_2b_1x1', [1, 1, 1, 64, 64]);
    this.third = unit(weights, 'Conv3d_2c_3x3', [3, 3, 3, 64, 192]);
    let inputs = 192;
    this.mixed = Object.keys(modules).map((name) => {
      const made = new InceptionModule(weights, name, inputs);
      inputs = made.outputs;
      return made;
    });
    const last = 'params > Logits/Conv3d_0c_1x1 > Conv_0 >';
    const kernel = weights.tensor(`${last} kernel`, [1, 1, 1, lastChannels, kinetics]);
    this.weight = keep(kernel.permute([4, 3, 0, 1, 2]).contiguous());
    this.bias = keep(weights.tensor(`${last} bias`, [kinetics]));
  }

  /** x [B, 3, T, 224, 224] in −1 to 1, at least 9 frames → logits [B, 400] */
  forward(x: Tensor): Tensor {
    let y = maxPool(this.first.forward(x).relu(), [1, 3, 3], [1, 2, 2]); // [B, 64, T/2, 56, 56]
    y = this.third.forward(this.second.forward(y).relu()).relu(); // [B, 192, T/2, 56, 56]
    y = maxPool(y, [1, 3, 3], [1, 2, 2]); // [B, 192, T/2, 28, 28]
    for (const module of this.mixed) y = module.forward(y); // [B, 1024, T/8, 7, 7]
    y = unsafe.call('aten::avg_pool3d', [y, lastWindow, [1, 1, 1]]) as Tensor; // [B, 1024, T/8 − 1, 1, 1]
    return conv3d(y, this.weight, this.bias).mean([2, 3, 4]); // [B, 400]
  }
}

class InceptionModule extends Module {
  readonly outputs: number;
  readonly branches: readonly (readonly FoldedConv[])[];
  readonly #pooling: (typeof poolings)[string] | undefined;

  constructor(weights: Weights, name: string, inputs: number) {
    super();
    const [a, b1, b2, c1, c2, d] = modules[name];
    const at = (branch: string, kernel: number, from: number, to: number) =>
      unit(weights, `${name} > ${branch}`, [kernel, kernel, kernel, from, to]);
    this.branches = [
      [at('Branch_0/Conv3d_0a_1x1', 1, inputs, a)],
      [at('Branch_1/Conv3d_0a_1x1', 1, inputs, b1), at('Branch_1/Conv3d_0b_3x3', 3, b1, b2)],
      [at('Branch_2/Conv3d_0a_1x1', 1, inputs, c1), at('Branch_2/Conv3d_0b_3x3', 3, c1, c2)],
      [at('Branch_3/Conv3d_0b_1x1', 1, inputs, d)],
    ];
    this.outputs = a + b2 + c2 + d;
    this.#pooling = poolings[name];
  }

  forward(x: Tensor): Tensor {
    const pooled = maxPool(x, [3, 3, 3], [1, 1, 1]);
    const outputs = this.branches.map((units, index) =>
      units.reduce((y, each) => each.forward(y).relu(), index === 3 ? pooled : x),
    );
    const joined = cat(outputs, 1);
    return this.#pooling ? maxPool(joined, ...this.#pooling) : joined;
  }
}

/** A convolution, whose kernel is [T, H, W, inputs, outputs] in the file, and its batch norm. */
function unit(
  weights: Weights,
  name: string,
  shape: readonly [number, number, number, number, number],
  stride = 1,
): FoldedConv {
  const outputs = shape[4];
  const kernel = weights.tensor(`params > ${name} > Conv_0 > kernel`, shape).permute([4, 3, 0, 1, 2]);
  const statistic = (part: string) =>
    weights.tensor(`batch_stats > ${name} > BatchNorm_0 > ${part}`, [1, 1, 1, 1, outputs]).flatten();
  const shift = weights.tensor(`params > ${name} > BatchNorm_0 > bias`, [outputs]);
  const after = { mean: statistic('mean'), variance: statistic('var'), shift, eps };
  return new FoldedConv(kernel.contiguous(), after, { stride: [stride, stride, stride] });
}

/** With TensorFlow's padding. The input comes from a ReLU, so zeros never are the largest value beside another one. */
function maxPool(x: Tensor, window: readonly number[], stride: readonly number[]): Tensor {
  const ends = samePadding(x.shape.slice(2), window, stride);
  const wide = ends.flat().every((end) => end === 0) ? x : padded(x, ends, 0);
  return unsafe.call('aten::max_pool3d', [wide, window, stride]) as Tensor;
}

/**
 * Clips in 0 to 255 → the input of the network: each frame scaled to 224×224 with bilinear filtering that is not antialiased,
 * then 2p/255 − 1, as `i3d_torchscript.pt` does with `resize=True` and `rescale=True`.
 */
export function i3dInput(pixels: Tensor): Tensor {
  const [clips, channels, frames, height, width] = pixels.shape;
  const pictures = pixels.permute([0, 2, 1, 3, 4]).reshape([clips * frames, channels, height, width]);
  const size = [i3dSize, i3dSize];
  const scaled = unsafe.call('aten::upsample_bilinear2d', [pictures, size, false]) as Tensor;
  const back = scaled.reshape([clips, frames, channels, ...size]).permute([0, 2, 1, 3, 4]);
  return back.mul(2 / 255).sub(1);
}
