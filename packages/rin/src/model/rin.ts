import { type Geometry, geometry, hasReadOnlyTokens, latentSlots } from '@rin/core';
import { cat, type Device, type Dtype, Module, noGrad, type Tensor, zeros as zeroTensor } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';
import { Block } from './block.js';
import { checkInput } from './checkInput.js';
import { Constant } from './constant.js';
import { initialise, parameter, truncatedNormal, uniform, zeros } from './initial.js';
import { LayerNorm, Linear, Mlp, type Mode } from './layers.js';
import { Time } from './time.js';
import { patchify, sinCosCode, unpatchify } from './tokenizer.js';

/** The latents [B, m, d'] and the interface [B, n, d] of an earlier pass, to start from. */
export interface Previous {
  readonly latents?: Tensor;
  readonly interface?: Tensor;
}

/** What a pass is given beside its input. */
export interface ForwardOptions {
  /** Classes one-hot [B, classes] (a row of zeros = no class), or a sequence [B, conditionTokens, conditionDim]. */
  readonly condition?: Tensor;
  readonly previous?: Previous;
  /** Dropout and drop-path, by libtorch's generator. */
  readonly training?: boolean;
  /** Type of the activations; parameters stay float32. Default: that of the parameters. */
  readonly dtype?: Dtype;
}

/** What a pass gives. */
export interface Output {
  /** [B, C, ...size] float32 */
  readonly prediction: Tensor;
  /** [B, m, d'] final latents Z */
  readonly latents: Tensor;
  /** [B, n, d] final interface X, patch tokens only */
  readonly interface: Tensor;
}

/**
 * Recurrent Interface Network (Jabri, Fleet & Chen, arXiv 2212.11972, section 2). Names of parameters, initial values
 * and options follow the authors' code.
 */
export class RIN extends Module {
  readonly stem: Linear;
  readonly stemNorm: LayerNorm;
  readonly interfacePosition: Tensor | null;
  readonly latents: Tensor | null;
  readonly time: Time;
  readonly label: Linear | null;
  readonly previousMlp: Mlp | null;
  readonly previousNorm: LayerNorm | null;
  readonly previousInterfaceMlp: Mlp | null;
  readonly previousInterfaceNorm: LayerNorm | null;
  readonly blocks: Block[];
  readonly readoutNorm: LayerNorm;
  readonly readout: Linear;
  readonly #config: ModelConfig;
  readonly #geometry: Geometry;
  readonly #interfaceCode: Constant | null;
  readonly #latentCode: Constant | null;

  /**
   * @param config        the `model` section of a configuration, checked by `parseConfig`
   * @param options.seed  initial values are a function of it and of each parameter's name; default 0; null = none are drawn, since
   *                      `loadParameters` follows
   */
  constructor(config: ModelConfig, { seed = 0 }: { seed?: number | null } = {}) {
    super();
    const shape = geometry(config);
    const { tokens, patchLength } = shape;
    const { interfaceDim: dim, latentDim, selfConditioning } = config;
    const slots = latentSlots(config);
    const readOnly = hasReadOnlyTokens(config);
    const position = (kind: ModelConfig['interfacePosition'], sizes: number[]): Tensor | null =>
      kind === 'sinCos' ? null : parameter(sizes, kind === 'learned' ? truncatedNormal : zeros);
    const both = selfConditioning === 'both';

    this.stem = new Linear(patchLength, dim, uniform((patchLength / config.channels) * (config.channels + dim)));
    this.stemNorm = new LayerNorm(dim);
    this.interfacePosition = position(config.interfacePosition, [tokens, dim]);
    this.latents = position(config.latentPosition, [slots.learned, latentDim]);
    this.time = new Time(config.timeOn === 'latents' ? latentDim : dim, config.timeScaling);
    this.label =
      config.classes + config.conditionDim > 0
        ? new Linear(config.classes || config.conditionDim, config.conditionOn === 'latents' ? latentDim : dim)
        : null;
    const warmLatents = both || selfConditioning === 'latents';
    const warmInterface = both || selfConditioning === 'interface';
    this.previousMlp = warmLatents ? new Mlp(latentDim, config.latentMlpRatio) : null;
    this.previousNorm = warmLatents ? new LayerNorm(latentDim, 0) : null;
    this.previousInterfaceMlp = warmInterface ? new Mlp(dim, config.interfaceMlpRatio) : null;
    this.previousInterfaceNorm = warmInterface ? new LayerNorm(dim, 0) : null;
    this.blocks = config.depth.map((layers) => new Block(config, layers, shape.grid, readOnly));
    this.readoutNorm = new LayerNorm(dim);
    this.readout = new Linear(dim, patchLength, config.zeroReadout ? zeros : undefined);

    this.#config = config;
    this.#geometry = shape;
    this.#interfaceCode =
      config.interfacePosition === 'learned' ? null : new Constant(sinCosCode(shape.grid, dim, config.timeScaling));
    this.#latentCode =
      config.latentPosition === 'learned'
        ? null
        : new Constant(sinCosCode([slots.learned], latentDim, config.timeScaling));
    if (seed !== null) initialise(this.parameters(), seed);
  }

  /** What goes in and out: [C, ...size], the number of its spatial (and temporal) axes plus one, and the classes. */
  get sample(): { shape: readonly number[]; axes: number; classes: number } {
    const { size } = this.#geometry;
    return { shape: [this.#config.channels, ...size], axes: size.length + 1, classes: this.#config.classes };
  }

  /** What a pass starts from of an earlier one. */
  get carried(): readonly (keyof Previous)[] {
    const { selfConditioning } = this.#config;
    const parts = { none: [], latents: ['latents'], interface: ['interface'], both: ['latents', 'interface'] } as const;
    return parts[selfConditioning];
  }

  /** Where its parameters lie. */
  get device(): Device {
    return this.stem.weight.device;
  }

  /**
   * One pass of the network.
   * @param x      [B, C, ...size] noised pixels, floats in about [−b, b] with b the input scale
   * @param gamma  [B] signal level of each sample, in [0, 1]
   * @throws RinError for an input of another shape, or for an x of integers
   */
  forward(x: Tensor, gamma: Tensor, options: ForwardOptions = {}): Output {
    const { Z, X } = this.#run(x, gamma, options, true);
    const interfaceTokens = X.narrow(1, 0, this.#geometry.tokens); //                              [B, n, d]
    const patches = this.readout.forward(this.readoutNorm.forward(interfaceTokens)); //            [B, n, patchLength]
    const output = unpatchify(patches, this.#geometry); //                                         [B, C, ...size]
    const prediction = output.dtype === 'bfloat16' ? output.float() : output;
    return { prediction, latents: Z, interface: interfaceTokens };
  }

  /**
   * What self-conditioning starts from: the latents (and interface) of a pass from zeros, without gradient (paper,
   * section 3). What the pass does not need for that, its last write and the readout, is left out.
   */
  estimate(x: Tensor, gamma: Tensor, options: ForwardOptions = {}): Previous {
    const { carried } = this;
    const withInterface = carried.includes('interface');
    return noGrad(() => {
      const { Z, X } = this.#run(x, gamma, options, withInterface);
      return {
        ...(carried.includes('latents') && { latents: Z }),
        ...(withInterface && { interface: X.narrow(1, 0, this.#geometry.tokens) }),
      };
    });
  }

  #run(x: Tensor, gamma: Tensor, options: ForwardOptions, lastWrite: boolean): { Z: Tensor; X: Tensor } {
    const { timeOn, conditionOn } = this.#config;
    const mode = { training: options.training ?? false };
    const dtype = options.dtype ?? this.stem.weight.dtype;
    const [batch] = x.shape;
    checkInput(this.#config, this.#geometry, x, gamma, options);

    const time = this.time.forward(gamma, dtype); //                                               [B, 1, d' or d]
    const condition = this.#conditionTokens(options.condition, dtype, batch); //                   [B, s, d' or d]
    const placed = (place: ModelConfig['timeOn']): Tensor[] => [
      ...(timeOn === place ? [time] : []),
      ...(condition && conditionOn === place ? [condition] : []),
    ];
    let X = this.#startInterface(x.to(dtype), options.previous?.interface, mode); //               [B, n, d]
    const writable = placed('interfaceWritable');
    if (writable.length > 0) X = cat([X, ...writable], 1); //                                      [B, n + writable, d]
    const readOnlyTokens = placed('interface');
    const readOnly = readOnlyTokens.length > 0 ? cat(readOnlyTokens, 1) : null; //                 [B, r, d]
    let Z = this.#startLatents(placed('latents'), batch, dtype, options.previous?.latents, mode); // [B, m, d']

    for (const [i, block] of this.blocks.entries()) {
      const write = lastWrite || i < this.blocks.length - 1;
      [Z, X] = block.forward(Z, X, readOnly, this.#geometry.tokens, mode, write);
    }
    return { Z, X };
  }

  /** Condition → tokens: one for a class, s for a sequence. Without any, the null condition: the projection's bias. */
  #conditionTokens(condition: Tensor | undefined, dtype: Dtype, batch: number): Tensor | null {
    if (!this.label) return null;
    const { classes, conditionTokens, conditionDim } = this.#config;
    if (classes > 0) {
      const oneHot = condition ?? zeroTensor([batch, classes], { device: this.device });
      return this.label.forward(oneHot.to(dtype)).unsqueeze(1);
    }
    const sequence = condition ?? zeroTensor([batch, conditionTokens, conditionDim], { device: this.device });
    return this.label.forward(sequence.to(dtype));
  }

  /** X = LayerNorm(stem(patches)) + position, and the warm start from the previous interface. */
  #startInterface(x: Tensor, previous: Tensor | undefined, mode: Mode): Tensor {
    const embedded = this.stemNorm.forward(this.stem.forward(patchify(x, this.#geometry))); //     [B, n, d]
    const X = withPosition(embedded, this.#interfaceCode, this.interfacePosition); //              [B, n, d]
    const { previousInterfaceMlp: mlp, previousInterfaceNorm: norm } = this;
    return mlp && norm ? warmStart(X, previous, mlp, norm, mode) : X;
  }

  /** Z = [learned latents; time; condition], and the warm start from the previous latents. */
  #startLatents(tokens: Tensor[], batch: number, dtype: Dtype, previous: Tensor | undefined, mode: Mode): Tensor {
    const { learned } = latentSlots(this.#config);
    const blank = zeroTensor([batch, learned, this.#config.latentDim], { dtype, device: this.device });
    const Z = cat([withPosition(blank, this.#latentCode, this.latents), ...tokens], 1); //         [B, m, d']
    const { previousMlp: mlp, previousNorm: norm } = this;
    return mlp && norm ? warmStart(Z, previous, mlp, norm, mode) : Z;
  }
}

/**
 * start + LayerNorm₀(u + MLP(LN(u))) with u = previous, zeros where there is none (paper, section 3, eq. of Z). What comes of
 * zeros is the same for every token, so one stands for all.
 */
function warmStart(start: Tensor, previous: Tensor | undefined, mlp: Mlp, norm: LayerNorm, mode: Mode): Tensor {
  const u =
    previous?.to(start.dtype) ?? zeroTensor([1, 1, start.shape[2]], { dtype: start.dtype, device: start.device });
  return start.add(norm.forward(u.add(mlp.forward(u, mode))));
}

function withPosition(tokens: Tensor, code: Constant | null, learned: Tensor | null): Tensor {
  let result = tokens;
  if (code) result = result.add(code.on(tokens.device).to(tokens.dtype));
  if (learned) result = result.add(learned.to(tokens.dtype));
  return result;
}
