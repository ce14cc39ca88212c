import { keep, linear, Module, type Tensor, unsafe } from '@rin/torch';
import { FoldedConv } from './foldedConv.js';
import type { Weights } from './weights.js';

/** The stages of EfficientNet-Lite0 after its stem: blocks, kernel, stride of the first block, expansion, channels. */
const stages = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

const stemChannels = 32;
const headChannels = 1280;
const classes = 1000;

/** TensorFlow's eps of EfficientNet. PyTorch's default would be 1e-5. */
const eps = 1e-3;

/**
 * EfficientNet-Lite0 (Tan & Le 2019, without squeeze-and-excitation and with ReLU6): features are the mean of the last
 * convolution over the picture. Convolutions pad as TensorFlow does.
 */
export class EfficientNetLite0 extends Module {
  readonly stem: FoldedConv;
  readonly blocks: readonly Block[];
  readonly head: FoldedConv;
  readonly weight: Tensor;
  readonly bias: Tensor;

  /** Creates its tensors outside of the innermost scope. @throws RinError if the weights are those of another network */
  constructor(weights: Weights) {
    super();
    this.stem = convolution(weights, '_conv_stem', '_bn0', [stemChannels, 3, 3, 3], 2);
    let [inputs, index] = [stemChannels, 0];
    const blocks: Block[] = [];
    for (const [count, kernel, stride, expansion, outputs] of stages) {
      for (let i = 0; i < count; i++) {
        blocks.push(
          new Block(weights, `_blocks.${index++}`, { inputs, outputs, kernel, stride: i > 0 ? 1 : stride, expansion }),
        );
        inputs = outputs;
      }
    }
    this.blocks = blocks;
    this.head = convolution(weights, '_conv_head', '_bn1', [headChannels, inputs, 1, 1], 1);
    this.weight = keep(weights.tensor('_fc.weight', [classes, headChannels]));
    this.bias = keep(weights.tensor('_fc.bias', [classes]));
  }

  /** x [B, 3, H, W] in about −1 to 1 → features [B, 1280], logits [B, 1000] */
  forward(x: Tensor): { features: Tensor; logits: Tensor } {
    let y = this.stem.forward(x).clamp_(0, 6); // [B, 32, H/2, W/2]
    for (const block of this.blocks) y = block.forward(y); // [B, 320, H/32, W/32]
    const features = this.head.forward(y).clamp_(0, 6).mean([2, 3]); // [B, 1280]
    return { features, logits: linear(features, this.weight, this.bias) };
  }
}

interface BlockOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly expansion: number;
}

/** An inverted residual block (Sandler et al. 2018): 1×1 to more channels, one filter for each channel, 1×1 to few. */
class Block extends Module {
  readonly expand: FoldedConv | null;
  readonly depthwise: FoldedConv;
  readonly project: FoldedConv;
  readonly #adds: boolean;

  constructor(weights: Weights, name: string, { inputs, outputs, kernel, stride, expansion }: BlockOptions) {
    super();
    const inner = inputs * expansion;
    const at = (part: string) => `${name}.${part}`;
    this.expand =
      expansion === 1 ? null : convolution(weights, at('_expand_conv'), at('_bn0'), [inner, inputs, 1, 1], 1);
    this.depthwise = convolution(weights, at('_depthwise_conv'), at('_bn1'), [inner, 1, kernel, kernel], stride);
    this.project = convolution(weights, at('_project_conv'), at('_bn2'), [outputs, inner, 1, 1], 1);
    this.#adds = stride === 1 && inputs === outputs;
  }

  forward(x: Tensor): Tensor {
    const wide = this.expand ? this.expand.forward(x).clamp_(0, 6) : x;
    const y = this.project.forward(this.depthwise.forward(wide).clamp_(0, 6));
    return this.#adds ? y.add(x) : y;
  }
}

/** A convolution and its batch norm. A filter for each channel has one input. */
function convolution(
  weights: Weights,
  name: string,
  norm: string,
  shape: readonly [number, number, number, number],
  stride: number,
): FoldedConv {
  const [outputs, inputs] = shape;
  const of = (part: string) => weights.tensor(`${norm}.${part}`, [outputs]);
  const after = { mean: of('running_mean'), variance: of('running_var'), gain: of('weight'), shift: of('bias'), eps };
  const groups = inputs === 1 ? outputs : 1;
  return new FoldedConv(weights.tensor(`${name}.weight`, shape), after, { stride: [stride, stride], groups });
}

/**
 * Pictures in 0 to 255 → the input of the network: scaled to size × size with antialiased bilinear filtering, then
 * (p − 127)/128, as the network was trained.
 */
export function efficientNetInput(pixels: Tensor, size: number): Tensor {
  const scaled =
    pixels.shape[2] === size && pixels.shape[3] === size
      ? pixels
      : (unsafe.call('aten::_upsample_bilinear2d_aa', [pixels, [size, size], false]) as Tensor);
  return scaled.sub(127).div(128);
}
