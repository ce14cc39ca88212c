import { avgPool2d, cat, keep, Module, maxPool2d, type Tensor, tensor } from '@rin/torch';
import { FoldedConv } from './foldedConv.js';
import type { Weights } from './weights.js';

const lastChannels = 2048;

/** TensorFlow's classes of ImageNet in 2015: 1,000 and eight unused ones. */
export const inceptionClasses = 1008;

/** TensorFlow's eps of Inception. */
const eps = 1e-3;

/** Width and height of the input. */
const inputSize = 299;

/** Name, outputs, kernel, and the stride if it is not 1. Strided convolutions have no padding, others keep the size. */
type Layer = readonly [name: string, outputs: number, kernel: readonly [number, number], stride?: number];

/** Layers one after the other, then one or two layers side by side. */
interface Branch {
  readonly pool?: 'mean' | 'max' | 'halve';
  readonly layers: readonly Layer[];
  readonly heads?: readonly Layer[];
}

const square = (size: number) => [size, size] as const;

/** 35×35 */
const blockA = (pooled: number): Branch[] => [
  { layers: [['branch1x1', 64, square(1)]] },
  {
    layers: [
      ['branch5x5_1', 48, square(1)],
      ['branch5x5_2', 64, square(5)],
    ],
  },
  {
    layers: [
      ['branch3x3dbl_1', 64, square(1)],
      ['branch3x3dbl_2', 96, square(3)],
      ['branch3x3dbl_3', 96, square(3)],
    ],
  },
  { pool: 'mean', layers: [['branch_pool', pooled, square(1)]] },
];

/** 35×35 → 17×17 */
const blockB: Branch[] = [
  { layers: [['branch3x3', 384, square(3), 2]] },
  {
    layers: [
      ['branch3x3dbl_1', 64, square(1)],
      ['branch3x3dbl_2', 96, square(3)],
      ['branch3x3dbl_3', 96, square(3), 2],
    ],
  },
  { pool: 'halve', layers: [] },
];

/** 17×17 */
const blockC = (inner: number): Branch[] => [
  { layers: [['branch1x1', 192, square(1)]] },
  {
    layers: [
      ['branch7x7_1', inner, square(1)],
      ['branch7x7_2', inner, [1, 7]],
      ['branch7x7_3', 192, [7, 1]],
    ],
  },
  {
    layers: [
      ['branch7x7dbl_1', inner, square(1)],
      ['branch7x7dbl_2', inner, [7, 1]],
      ['branch7x7dbl_3', inner, [1, 7]],
      ['branch7x7dbl_4', inner, [7, 1]],
      ['branch7x7dbl_5', 192, [1, 7]],
    ],
  },
  { pool: 'mean', layers: [['branch_pool', 192, square(1)]] },
];

/** 17×17 → 8×8 */
const blockD: Branch[] = [
  {
    layers: [
      ['branch3x3_1', 192, square(1)],
      ['branch3x3_2', 320, square(3), 2],
    ],
  },
  {
    layers: [
      ['branch7x7x3_1', 192, square(1)],
      ['branch7x7x3_2', 192, [1, 7]],
      ['branch7x7x3_3', 192, [7, 1]],
      ['branch7x7x3_4', 192, square(3), 2],
    ],
  },
  { pool: 'halve', layers: [] },
];

/** 8×8. The last block of the published network takes the maximum where others take the mean. */
const blockE = (pool: 'mean' | 'max'): Branch[] => [
  { layers: [['branch1x1', 320, square(1)]] },
  {
    layers: [['branch3x3_1', 384, square(1)]],
    heads: [
      ['branch3x3_2a', 384, [1, 3]],
      ['branch3x3_2b', 384, [3, 1]],
    ],
  },
  {
    layers: [
      ['branch3x3dbl_1', 448, square(1)],
      ['branch3x3dbl_2', 384, square(3)],
    ],
    heads: [
      ['branch3x3dbl_3a', 384, [1, 3]],
      ['branch3x3dbl_3b', 384, [3, 1]],
    ],
  },
  { pool, layers: [['branch_pool', 192, square(1)]] },
];

const blocks: readonly (readonly [name: string, branches: readonly Branch[]])[] = [
  ['Mixed_5b', blockA(32)],
  ['Mixed_5c', blockA(64)],
  ['Mixed_5d', blockA(64)],
  ['Mixed_6a', blockB],
  ['Mixed_6b', blockC(128)],
  ['Mixed_6c', blockC(160)],
  ['Mixed_6d', blockC(160)],
  ['Mixed_6e', blockC(192)],
  ['Mixed_7a', blockD],
  ['Mixed_7b', blockE('mean')],
  ['Mixed_7c', blockE('max')],
];

/**
 * The Inception network (Szegedy et al. 2015) in the form that defines FID (Heusel et al. 2017), with the names of pytorch-fid
 * and torch-fidelity: features are the mean of the last block over the picture.
 */
export class InceptionV3 extends Module {
  readonly stem: readonly FoldedConv[];
  readonly blocks: readonly Block[];
  readonly weight: Tensor;

  /** @throws RinError if the weights are those of another network */
  constructor(weights: Weights) {
    super();
    const valid = { padding: [0, 0] };
    this.stem = [
      layer(weights, 'Conv2d_1a_3x3', [32, 3, 3, 3], { ...valid, stride: [2, 2] }),
      layer(weights, 'Conv2d_2a_3x3', [32, 32, 3, 3], valid),
      layer(weights, 'Conv2d_2b_3x3', [64, 32, 3, 3], { padding: [1, 1] }),
      layer(weights, 'Conv2d_3b_1x1', [80, 64, 1, 1], valid),
      layer(weights, 'Conv2d_4a_3x3', [192, 80, 3, 3], valid),
    ];
    let inputs = 192;
    this.blocks = blocks.map(([name, branches]) => {
      const block = new Block(weights, name, branches, inputs);
      inputs = block.outputs;
      return block;
    });
    this.weight = keep(weights.tensor('fc.weight', [inceptionClasses, lastChannels]));
  }

  /**
   * x [B, 3, 299, 299] in −1 to 1 → features [B, 2048], logits [B, 1008]. The logits are without the bias: the Inception score is
   * defined so (the published scores too).
   */
  forward(x: Tensor): { features: Tensor; logits: Tensor } {
    const [a, b, c, d, e] = this.stem;
    const run = (y: Tensor, conv: FoldedConv) => conv.forward(y).relu();
    let y = maxPool2d([a, b, c].reduce(run, x), 3, { stride: 2 }); // [B, 64, 73, 73]
    y = maxPool2d([d, e].reduce(run, y), 3, { stride: 2 }); // [B, 192, 35, 35]
    for (const block of this.blocks) y = block.forward(y); // [B, 2048, 8, 8]
    const features = y.mean([2, 3]);
    return { features, logits: features.matmul(this.weight.transpose(0, 1)) };
  }
}

class Block extends Module {
  readonly outputs: number;
  readonly branches: readonly Chain[];
  readonly #pools: readonly Branch['pool'][];

  constructor(weights: Weights, name: string, branches: readonly Branch[], inputs: number) {
    super();
    let outputs = 0;
    this.#pools = branches.map(({ pool }) => pool);
    this.branches = branches.map(({ layers, heads = [] }) => {
      let channels = inputs;
      const make = ([part, to, kernel, stride = 1]: Layer, from: number) =>
        layer(weights, `${name}.${part}`, [to, from, ...kernel], {
          stride: [stride, stride],
          padding: stride === 1 ? kernel.map((size) => (size - 1) / 2) : [0, 0],
        });
      const made = layers.map((each) => {
        const conv = make(each, channels);
        channels = each[1];
        return conv;
      });
      outputs += heads.length === 0 ? channels : heads.reduce((sum, [, to]) => sum + to, 0);
      return new Chain(
        made,
        heads.map((each) => make(each, channels)),
      );
    });
    this.outputs = outputs;
  }

  forward(x: Tensor): Tensor {
    const outputs = this.branches.flatMap(({ layers, heads }, index) => {
      const y = layers.reduce((each, conv) => conv.forward(each).relu(), pooled(x, this.#pools[index]));
      return heads.length === 0 ? [y] : heads.map((head) => head.forward(y).relu());
    });
    return cat(outputs, 1);
  }
}

class Chain extends Module {
  constructor(
    readonly layers: readonly FoldedConv[],
    readonly heads: readonly FoldedConv[],
  ) {
    super();
  }
}

/** TensorFlow's mean does not count padded zeros. */
function pooled(x: Tensor, pool: Branch['pool']): Tensor {
  if (pool === 'mean') return avgPool2d(x, 3, { stride: 1, padding: 1, countIncludePad: false });
  if (pool === 'max') return maxPool2d(x, 3, { stride: 1, padding: 1 });
  return pool === 'halve' ? maxPool2d(x, 3, { stride: 2 }) : x;
}

function layer(
  weights: Weights,
  name: string,
  shape: readonly number[],
  options: { readonly stride?: readonly number[]; readonly padding: readonly number[] },
): FoldedConv {
  const of = (part: string) => weights.tensor(`${name}.bn.${part}`, [shape[0]]);
  const after = { mean: of('running_mean'), variance: of('running_var'), gain: of('weight'), shift: of('bias'), eps };
  return new FoldedConv(weights.tensor(`${name}.conv.weight`, shape), after, options);
}

/**
 * Pictures in 0 to 255 → the input of the network: scaled to 299×299 by the bilinear rule of TensorFlow 1, which is not
 * antialiased and maps the first pixels onto each other, then (p − 128)/128.
 */
export function inceptionInput(pixels: Tensor): Tensor {
  const [, , height, width] = pixels.shape;
  const device = pixels.device;
  const down = tensorflowWeights(height).to(device); // [299, H]
  const across = tensorflowWeights(width).to(device).transpose(0, 1); // [W, 299]
  return down.matmul(pixels).matmul(across).sub(128).div(128);
}

/** Pixel i of the result is at i·length/299 of the picture. */
function tensorflowWeights(length: number): Tensor {
  const matrix = new Float32Array(inputSize * length);
  for (let i = 0; i < inputSize; i++) {
    const at = (i * length) / inputSize;
    const low = Math.floor(at);
    matrix[i * length + low] += 1 - (at - low);
    matrix[i * length + Math.min(low + 1, length - 1)] += at - low;
  }
  return tensor(matrix, [inputSize, length]);
}
