import { cat, setThreads, Tensor, zeros } from '@rin/torch';
import type { Config } from '../../src/config/config.js';
import { mergeConfig, parseConfig } from '../../src/config/parse.js';
import type { ForwardOptions, Output, SignalLevels } from '../../src/model/pass.js';
import { changeState } from '../../src/model/previous.js';
import { RIN } from '../../src/model/rin.js';

// the tensors are too small for a second thread to pay
setThreads(1);

const base = {
  model: {
    ...{ size: [4, 6], patch: 2, channels: 1, classes: 3 },
    ...{ latents: 5, latentDim: 16, latentHeads: 2, latentMlpRatio: 2 },
    ...{ interfaceDim: 8, interfaceMlpRatio: 2, readWriteHeads: 2, depth: [1, 1] },
  },
  sampling: { steps: 4 },
};

/** A configuration of 4×6 grey pixels in three classes, with changes. */
export const configure = (over: object = {}): Config => parseConfig(mergeConfig(base, over), 'test');

/** The elements of a tensor. */
export const numbers = (tensor: Tensor): number[] => Array.from(tensor.toTypedArray(), Number);

const twice = (x: Tensor): Tensor => cat([x, x]);

/** The signal levels of a pass as numbers. */
const levels = (gamma: SignalLevels): number[] => {
  if ('code' in gamma) throw new Error('a scripted network needs the levels themselves');
  return gamma instanceof Tensor ? numbers(gamma) : [...gamma];
};

/** What a network was given in one pass. */
export interface Pass {
  readonly kind: 'forward' | 'warmUp';
  readonly x: number[];
  readonly gamma: number[];
  readonly condition: number[] | undefined;
  readonly given: number[] | undefined;
  readonly latents: number[] | undefined;
  readonly interface: number[] | undefined;
  readonly data: number[] | undefined;
  /** the number of latents that it was told to use */
  readonly count: number | readonly number[] | undefined;
  readonly training: boolean | undefined;
  readonly dtype: string | undefined;
}

export type Script = (
  x: Tensor,
  gamma: readonly number[],
  options: ForwardOptions,
) => { prediction?: Tensor; latents?: Tensor; interface?: Tensor };

/** A network that answers as a test wants and notes what it was asked. */
export class Scripted extends RIN {
  readonly #config: Config;
  readonly #script: Script;
  readonly #passes: Pass[] = [];

  constructor(config: Config, script: Script = () => ({})) {
    super(config.model);
    this.#config = config;
    this.#script = script;
  }

  get passes(): readonly Pass[] {
    return this.#passes;
  }

  get forwards(): readonly Pass[] {
    return this.#passes.filter(({ kind }) => kind === 'forward');
  }

  get warmUps(): readonly Pass[] {
    return this.#passes.filter(({ kind }) => kind === 'warmUp');
  }

  override forward(x: Tensor, gamma: SignalLevels, options: ForwardOptions = {}): Output {
    if (options.condition?.shape[0] === 2 * x.shape[0]) {
      // two conditions for each sample are as each sample twice
      const both = levels(gamma);
      const { given, previous = {} } = options;
      const all = { ...options, previous: changeState(previous, twice), ...(given && { given: twice(given) }) };
      return this.forward(twice(x), [...both, ...both], all);
    }
    this.#note('forward', x, gamma, options);
    const { latents, interfaceDim, latentDim } = this.#config.model;
    const [batch] = x.shape;
    return {
      prediction: zeros(x.shape),
      latents: zeros([batch, latents, latentDim]),
      interface: zeros([batch, 6, interfaceDim]),
      ...this.#script(x, levels(gamma), options),
    };
  }

  override warmUp(x: Tensor, gamma: SignalLevels, options: ForwardOptions = {}): Partial<Output> {
    this.#note('warmUp', x, gamma, options);
    const { prediction = zeros(x.shape), latents, interface: tokens } = this.#script(x, levels(gamma), options);
    return {
      ...(this.carried.includes('data') && { prediction }),
      ...(latents && { latents }),
      ...(tokens && { interface: tokens }),
    };
  }

  #note(
    kind: Pass['kind'],
    x: Tensor,
    gamma: SignalLevels,
    { condition, given, previous, training, dtype, latents: count }: ForwardOptions,
  ) {
    const optional = (tensor: Tensor | undefined) => tensor && numbers(tensor);
    this.#passes.push({
      ...{ kind, x: numbers(x), gamma: levels(gamma), condition: optional(condition), training, dtype, count },
      ...{ given: optional(given), latents: optional(previous?.latents), interface: optional(previous?.interface) },
      data: optional(previous?.data),
    });
  }
}
