import {
  type Geometry,
  geometry,
  hasReadOnlyTokens,
  inputChannels,
  latentSlots,
  type WarmPart,
  warmParts,
} from '@rin/core';
import {
  cat,
  type Device,
  type Dtype,
  initial,
  initialise,
  type LayerNorm,
  type Linear,
  Module,
  noGrad,
  parameter,
  Tensor,
  zeros,
} from '@rin/torch';
import { requireChecked } from '../config/checkedModel.js';
import type { ModelConfig } from '../config/model.js';
import { Block, type BlockPass, type Tokens } from './block.js';
import { checkInput } from './checkInput.js';
import { Constant } from './constant.js';
import { layerNorm, linear, Mlp, type Mode, uniform } from './layers.js';
import type { ForwardOptions, Output, Previous, SignalLevels } from './pass.js';
import { fitLatents, passLatents } from './passLatents.js';
import { freesMemory, type Pass, runsAgain, runsOnce } from './recompute.js';
import { Time } from './time.js';
import { patchify, sinCosCode, unpatchify } from './tokenizer.js';

/**
 * Recurrent Interface Network (Jabri, Fleet & Chen, arXiv 2212.11972, section 2). Names of parameters, initial values
 * and options follow the authors' code.
 *
 *     start    X = LN(stem(patches of x)) + position. With data self-conditioning, the previous x̂₀ joins x as more channels.
 *              Z = [learned latents; time; condition]
 *              Z ← Z + LN₀(u + MLP(LN(u))), with u the previous latents (section 3). The same on X, if it is carried.
 *     blocks   read, K times compute, write (`Block`)
 *     readout  prediction = pixels of the patches W·LN(X) + b
 *
 * Symbols:
 *
 *     x [B, C, ...size]   noised pixels
 *     X [B, n + g, d]     interface, n = number of patches, d = `interfaceDim`
 *     Z [B, m, d']        latents, m = `latents`, d' = `latentDim`. The m include time and condition tokens. A pass may have
 *                         fewer (`ForwardOptions.latents`)
 *
 * The g tokens of given frames (`givenFrames`) go through the same stem. Their positions are behind those of the n tokens. They
 * are read and written, but not read out, and not carried to the next step (reference: the authors' `VideoTapeDenoiser`).
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
  readonly #inputGeometry: Geometry;
  readonly #interfaceCode: Constant | null;
  readonly #latentCode: Constant | null;

  /**
   * @param config        the `model` section of a configuration, checked by `parseConfig`
   * @param options.seed  determines the initial values, together with each parameter's name. Default: 0. With null the
   *                      parameters get no values; call `loadParameters` afterwards
   * @throws RinError if the section does not come from `parseConfig`; a copy must be parsed again
   */
  constructor(config: ModelConfig, { seed = 0 }: { seed?: number | null } = {}) {
    super();
    requireChecked(config);
    const shape = geometry(config);
    const { tokens, patchLength } = shape;
    const input = geometry({ ...config, channels: inputChannels(config) });
    const { interfaceDim: dim, latentDim } = config;
    const slots = latentSlots(config);
    const readOnly = hasReadOnlyTokens(config);
    const position = (kind: ModelConfig['interfacePosition'], sizes: number[]): Tensor | null => {
      const values = kind === 'learned' ? initial.truncatedNormal(0.02) : initial.zeros;
      return kind === 'sinCos' ? null : parameter(sizes, { initial: values, seed: null });
    };
    const warm = warmParts(config);

    const area = patchLength / config.channels;
    this.stem = linear(input.patchLength, dim, uniform(area * (inputChannels(config) + dim)));
    this.stemNorm = layerNorm(dim);
    this.interfacePosition = position(config.interfacePosition, [tokens, dim]);
    this.latents = position(config.latentPosition, [slots.learned, latentDim]);
    this.time = new Time(config.timeOn === 'latents' ? latentDim : dim, config.timeScaling);
    this.label =
      config.classes + config.conditionDim > 0
        ? linear(config.classes || config.conditionDim, config.conditionOn === 'latents' ? latentDim : dim)
        : null;
    const [warmLatents, warmInterface] = [warm.includes('latents'), warm.includes('interface')];
    this.previousMlp = warmLatents ? new Mlp(latentDim, config.latentMlpRatio) : null;
    this.previousNorm = warmLatents ? layerNorm(latentDim, 0) : null;
    this.previousInterfaceMlp = warmInterface ? new Mlp(dim, config.interfaceMlpRatio) : null;
    this.previousInterfaceNorm = warmInterface ? layerNorm(dim, 0) : null;
    this.blocks = config.depth.map((layers) => new Block(config, layers, shape.predicted.grid, readOnly));
    this.readoutNorm = layerNorm(dim);
    this.readout = linear(dim, patchLength, config.zeroReadout ? initial.zeros : undefined);

    this.#config = config;
    this.#geometry = shape;
    this.#inputGeometry = input;
    this.#interfaceCode =
      config.interfacePosition === 'learned' ? null : new Constant(sinCosCode(shape.grid, dim, config.timeScaling));
    this.#latentCode =
      config.latentPosition === 'learned'
        ? null
        : new Constant(sinCosCode([slots.learned], latentDim, config.timeScaling));
    if (seed !== null) initialise(this, seed);
  }

  /**
   * The shape [C, ...size] of a sample, and of its part that is noised and predicted; the number of given frames before this part;
   * the number of axes (C counts); the number of classes; and the shape [s, d_c] of a condition sequence, if the network takes one.
   */
  get sample(): {
    shape: readonly number[];
    predicted: readonly number[];
    givenFrames: number;
    axes: number;
    classes: number;
    sequence?: readonly [number, number];
  } {
    const { size, predicted } = this.#geometry;
    const { channels, givenFrames, classes, conditionTokens, conditionDim } = this.#config;
    const sequence = conditionDim > 0 ? ([conditionTokens, conditionDim] as const) : undefined;
    const shapes = { shape: [channels, ...size], predicted: [channels, ...predicted.size] };
    return { ...shapes, givenFrames, axes: size.length + 1, classes, ...(sequence && { sequence }) };
  }

  /** Latents m of a whole pass, time and condition tokens included. */
  get latentCount(): number {
    return this.#config.latents;
  }

  /** The latents [B, m', d'] of an earlier pass for one with `count`: without the last learned ones, or with zeros for missing ones. */
  fitLatents(latents: Tensor, count: number): Tensor {
    return fitLatents(latents, count, this.#config);
  }

  /** The parts of an earlier pass from which a pass starts. */
  get carried(): readonly WarmPart[] {
    return warmParts(this.#config);
  }

  /** The device of its parameters. */
  get device(): Device {
    return this.stem.weight.device;
  }

  /**
   * The time codes of signal levels, for passes that do not compute them: `forward(x, { code })`.
   * @param gammas  γ of each sample, in [0, 1]
   * @returns       [B, d_t/4] float64, on the device of the parameters
   */
  timeCode(gammas: ArrayLike<number>): Tensor {
    return this.time.code(gammas, this.device);
  }

  /**
   * One pass of the network.
   * @param x      [B, C, ...size] noised pixels without given frames, floats in about [−b, b], b = input scale
   * @param gamma  signal level γ of each sample, in [0, 1]: B numbers, a tensor [B], or their time codes
   * @throws RinError if an input has another shape, or x holds integers
   */
  forward(x: Tensor, gamma: SignalLevels, options: ForwardOptions = {}): Output {
    const { Z, X } = this.#run(x, gamma, options, true, options.recompute ? runsAgain(options.recompute) : runsOnce);
    const interfaceTokens = X.narrow(1, 0, this.#geometry.predicted.tokens); //                    [B, n, d]
    return { prediction: this.#readOut(interfaceTokens), latents: Z, interface: interfaceTokens };
  }

  /**
   * The first pass of self-conditioning: from zeros and without gradients (paper, section 3). If nothing needs them, it skips
   * the readout and the last write.
   * @param x, gamma, options  as for `forward`
   * @returns only the parts that are carried; for `data` the prediction, from which the caller computes x̂₀
   * @throws RinError as `forward`
   */
  warmUp(x: Tensor, gamma: SignalLevels, options: ForwardOptions = {}): Partial<Output> {
    const { carried } = this;
    const [withInterface, withPrediction] = [carried.includes('interface'), carried.includes('data')];
    return noGrad(() => {
      const runBlock = options.recompute ? freesMemory : runsOnce;
      const { Z, X } = this.#run(x, gamma, options, withInterface || withPrediction, runBlock);
      const interfaceTokens = X.narrow(1, 0, this.#geometry.predicted.tokens);
      return {
        ...(withPrediction && { prediction: this.#readOut(interfaceTokens) }),
        ...(carried.includes('latents') && { latents: Z }),
        ...(withInterface && { interface: interfaceTokens }),
      };
    });
  }

  #run(
    x: Tensor,
    gamma: SignalLevels,
    options: ForwardOptions,
    lastWrite: boolean,
    runBlock: (block: Pass, state: Tokens) => Tokens,
  ): Tokens {
    const { timeOn, conditionOn } = this.#config;
    const { tokens } = this.#geometry.predicted;
    const mode = { training: options.training ?? false };
    const dtype = options.dtype ?? this.stem.weight.dtype;
    const [batch] = x.shape;
    checkInput(this.#config, this.#geometry, x, gamma, options);

    const rows = options.condition?.shape[0] ?? batch; // B, or 2B with two conditions for each sample; B below stands for them
    const time = repeated(this.time.forward(this.#codeOf(gamma), dtype), rows); //                 [B, 1, d' or d]
    const condition = this.#conditionTokens(options.condition, dtype, batch); //                   [B, s, d' or d]
    const placed = (place: ModelConfig['timeOn']): Tensor[] => [
      ...(timeOn === place ? [time] : []),
      ...(condition && conditionOn === place ? [condition] : []),
    ];
    const given = options.given?.to(dtype);
    let X = repeated(this.#startInterface(x.to(dtype), given, options.previous, mode), rows); //   [B, n + g, d]
    const writable = placed('interfaceWritable');
    if (writable.length > 0) X = cat([X, ...writable], 1); //                                      [B, n + g + w, d]
    const readOnlyTokens = placed('interface');
    const readOnly = readOnlyTokens.length > 0 ? cat(readOnlyTokens, 1) : null; //                 [B, r, d]
    const { count, used: chosen } = passLatents(this.#config, options.latents, this.device);
    const used = chosen && repeated(chosen, rows); //                                              [B, m]
    const start = this.#startLatents(placed('latents'), count, rows, dtype, mode, options.previous?.latents); // [B, m, d']

    let state: Tokens = { Z: start, X, readOnly };
    const seen = used?.unsqueeze(1).unsqueeze(1); //                                               [B, 1, 1, m]
    for (const [i, block] of this.blocks.entries()) {
      const withWrite = lastWrite || i < this.blocks.length - 1;
      const look = this.#looker(options.onAttention, i, state, used);
      state = runBlock((given) => block.forward(given, { tokens, mode, withWrite, used: seen, look }), state);
    }
    return used ? { ...state, Z: state.Z.mul(used.unsqueeze(2)) } : state;
  }

  /** What hands the attentions of block i to a caller; undefined if nobody looks. @param used [B, m], null = all latents */
  #looker(
    onAttention: ForwardOptions['onAttention'],
    i: number,
    { Z, X, readOnly }: Tokens,
    used: Tensor | null,
  ): BlockPass['look'] {
    if (!onAttention) return undefined;
    const { predicted, given, tokens } = this.#geometry;
    const { time, condition } = latentSlots(this.#config);
    const others = time + condition;
    const latents = { learned: Z.shape[1] - others, others };
    const [writable, alone] = [X.shape[1] - tokens, readOnly?.shape[1] ?? 0];
    const read = { patches: predicted.tokens, given: given?.tokens ?? 0, writable };
    const isSeparate = this.blocks[i].conditionRead !== null;
    const tokensOf = {
      conditionRead: { patches: 0, given: 0, writable: 0, readOnly: alone },
      read: { ...read, readOnly: isSeparate ? 0 : alone },
      write: { ...read, readOnly: 0 },
    };
    return (kind, weights) => onAttention({ block: i, kind, weights, tokens: tokensOf[kind], latents, used });
  }

  /** The prediction [B, C, ...size] of an interface [B, n, d]. It is float32 if the interface is bfloat16. */
  #readOut(interfaceTokens: Tensor): Tensor {
    const patches = this.readout.forward(this.readoutNorm.forward(interfaceTokens)); //            [B, n, patchLength]
    const output = unpatchify(patches, this.#geometry.predicted, this.#geometry); //                                      [B, C, ...size]
    return output.dtype === 'bfloat16' ? output.float() : output;
  }

  /** Time codes [B, d_t/4]. The host computes them, so that every engine gets the same numbers. */
  #codeOf(gamma: SignalLevels): Tensor {
    if ('code' in gamma) return gamma.code;
    return this.timeCode(gamma instanceof Tensor ? Array.from(gamma.toTypedArray(), Number) : gamma);
  }

  /** Tokens of a condition [B, s, d' or d]: s = 1 for a class. Without a condition each token is the projection's bias. */
  #conditionTokens(condition: Tensor | undefined, dtype: Dtype, batch: number): Tensor | null {
    if (!this.label) return null;
    const { classes, conditionTokens, conditionDim } = this.#config;
    if (classes > 0) {
      const oneHot = condition ?? zeros([batch, classes], { device: this.device });
      return this.label.forward(oneHot.to(dtype)).unsqueeze(1);
    }
    const sequence = condition ?? zeros([batch, conditionTokens, conditionDim], { device: this.device });
    return this.label.forward(sequence.to(dtype));
  }

  /**
   * X = LN(stem(patches of x and x̂₀)) + position, then the warm start from the previous interface. [B, n + g, d]. The g tokens of
   * given frames have no warm start (reference: the authors' `initialize_tape` without a previous tape), and no x̂₀.
   */
  #startInterface(x: Tensor, given: Tensor | undefined, previous: Previous | undefined, mode: Mode): Tensor {
    const { predicted, given: part, tokens } = this.#geometry;
    const joined = (pixels: Tensor, estimate?: Tensor): Tensor =>
      this.carried.includes('data') ? withEstimate(pixels, estimate) : pixels;
    let patches = patchify(joined(x, previous?.data), predicted, this.#inputGeometry); //          [B, n, P·C or P·2C]
    if (part && given) patches = cat([patches, patchify(joined(given), part, this.#inputGeometry)], 1);
    const embedded = this.stemNorm.forward(this.stem.forward(patches)); //                         [B, n + g, d]
    const X = withPosition(embedded, this.#interfaceCode, this.interfacePosition); //              [B, n + g, d]
    const { previousInterfaceMlp: mlp, previousInterfaceNorm: norm } = this;
    if (!mlp || !norm) return X;
    if (!part) return warmStart(X, previous?.interface, mlp, norm, mode);
    const warm = warmStart(X.narrow(1, 0, predicted.tokens), previous?.interface, mlp, norm, mode); // [B, n, d]
    return cat([warm, X.narrow(1, predicted.tokens, tokens - predicted.tokens)], 1);
  }

  /** Z = [learned latents; time; condition], then the warm start from the previous latents. [B, m, d'], m = `count` */
  #startLatents(
    tokens: Tensor[],
    count: number,
    batch: number,
    dtype: Dtype,
    mode: Mode,
    previous: Tensor | undefined,
  ): Tensor {
    const { latentDim, latents: all } = this.#config;
    const { learned } = latentSlots(this.#config);
    const blank = zeros([batch, learned, latentDim], { dtype, device: this.device });
    const whole = withPosition(blank, this.#latentCode, this.latents); //                          [B, all learned, d']
    const Z = cat([count < all ? whole.narrow(1, 0, learned - (all - count)) : whole, ...tokens], 1); // [B, m, d']
    const { previousMlp: mlp, previousNorm: norm } = this;
    if (!mlp || !norm) return Z;
    return warmStart(Z, previous && fitLatents(previous, count, this.#config), mlp, norm, mode);
  }
}

/**
 * start + LN₀(u + MLP(LN(u))) (paper, section 3, latent self-conditioning). start and u are [B, tokens, channels]. u is the
 * previous state, or zeros. For zeros the result is the same for every token, so it is computed for one token only.
 */
function warmStart(start: Tensor, previous: Tensor | undefined, mlp: Mlp, norm: LayerNorm, mode: Mode): Tensor {
  const u = previous?.to(start.dtype) ?? zeros([1, 1, start.shape[2]], { dtype: start.dtype, device: start.device });
  const warm = norm.forward(mlp.residual(u, mode));
  return start.add(previous ? repeated(warm, start.shape[0]) : warm);
}

/** Tensors of B samples for 2B: the samples again behind themselves. */
const repeated = (x: Tensor, rows: number): Tensor => (x.shape[0] === rows ? x : cat([x, x]));

/** x with the previous x̂₀, or with zeros, as more channels behind its own (Chen, Zhang & Hinton 2022, arXiv 2208.04202). */
const withEstimate = (x: Tensor, estimate: Tensor | undefined): Tensor =>
  cat([x, estimate?.to(x.dtype) ?? zeros(x.shape, { dtype: x.dtype, device: x.device })], 1);

function withPosition(tokens: Tensor, code: Constant | null, learned: Tensor | null): Tensor {
  const [fixed, trained] = [code?.on(tokens.device).to(tokens.dtype), learned?.to(tokens.dtype)];
  const position = fixed && trained ? fixed.add(trained) : (fixed ?? trained); // one sum over all samples instead of two
  return position ? tokens.add(position) : tokens;
}
