/** The shape of samples and patches: these keys of the `model` section of a configuration. */
export interface PatchedShape {
  /** N for a square picture, or [L], [H, W], [T, H, W] */
  readonly size: number | readonly number[];
  /** side of a patch, or one extent for each axis */
  readonly patch: number | readonly number[];
  readonly channels: number;
  /** first frames of a clip that are given, and not predicted; absent or 0 = none */
  readonly givenFrames?: number;
}

/** The tokens that are not patches: these keys of the `model` section of a configuration. */
export interface TokenKeys {
  /** number of classes; 0 = none */
  readonly classes: number;
  /** channels of a condition sequence; 0 = none */
  readonly conditionDim: number;
  /** length of the condition sequence */
  readonly conditionTokens: number;
  /** latent tokens m */
  readonly latents: number;
  readonly timeOn: TokenPlace;
  readonly conditionOn: TokenPlace;
}

/** Place of a token: among the latents, next to the interface and read-only, or next to the interface and written. */
export type TokenPlace = 'latents' | 'interface' | 'interfaceWritable';

/** Frames of a clip, or a whole picture or sound, that are cut into patches together. */
export interface Part {
  /** extent along each axis, in pixels (and frames) */
  size: number[];
  /** patches along each axis; the last slice of a clip may reach beyond its frames */
  grid: number[];
  /** patches, the product of `grid` */
  tokens: number;
}

/**
 * How a sample is cut into patches. All lists are as long as `size`: [L], [H, W] or [T, H, W]. A clip with given frames has two
 * parts: the frames that are noised and predicted, and the given frames before them in time.
 */
export interface Geometry {
  /** extent of a sample along each axis, in pixels (and frames), given frames included */
  size: number[];
  /** extent of a patch along each axis */
  patch: number[];
  /** what is noised and predicted; its tokens are the n of the readout and of a carried interface */
  predicted: Part;
  /** the given frames; null = none */
  given: Part | null;
  /** patches of both parts: their slices in time are added */
  grid: number[];
  /** interface tokens of patches, of both parts: the predicted ones, then the given ones */
  tokens: number;
  /** values in one patch: pixels times channels */
  patchLength: number;
}

/** The number of values in a shape. */
export const lengthOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/** `model.size` as a list: a single number means a square picture. */
export function sizeList(size: PatchedShape['size']): number[] {
  return typeof size === 'number' ? [size, size] : [...size];
}

/** `model.patch` as a list of one extent for each of 1 to 3 axes. A single number is the spatial side, with 1 frame in time. */
export function patchList(patch: PatchedShape['patch'], axes: number): number[] {
  if (typeof patch !== 'number') return [...patch];
  return axes === 3 ? [1, patch, patch] : new Array<number>(axes).fill(patch);
}

/** The patch geometry of a checked `model` section. */
export function geometry(model: PatchedShape): Geometry {
  const size = sizeList(model.size);
  const patch = patchList(model.patch, size.length);
  const { givenFrames = 0 } = model;
  const part = ([extent, ...others]: number[]): Part => {
    const grid = [Math.ceil(extent / patch[0]), ...others.map((side, axis) => side / patch[axis + 1])];
    return { size: [extent, ...others], grid, tokens: lengthOf(grid) };
  };
  const [frames, ...plane] = size;
  const predicted = part([frames - givenFrames, ...plane]);
  const given = givenFrames > 0 ? part([givenFrames, ...plane]) : null;
  const [slices, ...places] = predicted.grid;
  const grid = [slices + (given?.grid[0] ?? 0), ...places];
  return { size, patch, predicted, given, grid, tokens: lengthOf(grid), patchLength: lengthOf(patch) * model.channels };
}

/** Condition tokens of a sample: 1 for a class, `conditionTokens` for a sequence, 0 for an unconditional model. */
export function conditionTokens(model: Pick<TokenKeys, 'classes' | 'conditionDim' | 'conditionTokens'>): number {
  return model.classes > 0 ? 1 : model.conditionDim > 0 ? model.conditionTokens : 0;
}

/** Whether there are tokens next to the interface that the network reads and never writes. */
export function hasReadOnlyTokens(model: TokenKeys): boolean {
  return model.timeOn === 'interface' || (model.conditionOn === 'interface' && conditionTokens(model) > 0);
}

/**
 * The contents of the m latent slots, in order: learned latents, time token, condition tokens. Time and condition tokens
 * are concatenated to the latents and count among them (paper, section 2).
 */
export function latentSlots(model: TokenKeys): { learned: number; time: number; condition: number } {
  const time = model.timeOn === 'latents' ? 1 : 0;
  const condition = model.conditionOn === 'latents' ? conditionTokens(model) : 0;
  return { learned: model.latents - time - condition, time, condition };
}

/** Fewest latents that a pass can have: the time and condition tokens on them, and one that is learned. */
export function fewestLatents(model: TokenKeys): number {
  const { time, condition } = latentSlots(model);
  return time + condition + 1;
}

/** What a denoising step can start from: latents, interface, or estimate x̂₀ of the data from the previous step. */
export type WarmPart = 'latents' | 'interface' | 'data';

const partsOf = {
  none: [],
  latents: ['latents'],
  interface: ['interface'],
  both: ['latents', 'interface'],
  data: ['data'],
  'latents+data': ['latents', 'data'],
  'interface+data': ['interface', 'data'],
  'both+data': ['latents', 'interface', 'data'],
} as const satisfies Record<string, readonly WarmPart[]>;

/** A form of self-conditioning: a value of `model.selfConditioning`. */
export type SelfConditioning = keyof typeof partsOf;

/** All forms of self-conditioning. */
export const selfConditionings = Object.keys(partsOf) as [SelfConditioning, ...SelfConditioning[]];

/** The key of a `model` section that says what is carried from step to step. */
export interface WarmKey {
  readonly selfConditioning: SelfConditioning;
}

/** What a network takes from the previous denoising step (`model.selfConditioning`; paper, section 3). */
export const warmParts = ({ selfConditioning }: WarmKey): readonly WarmPart[] => partsOf[selfConditioning];

/** Channels of a pixel that the stem reads: those of a sample, and with data self-conditioning as many of x̂₀ behind them. */
export const inputChannels = (model: WarmKey & Pick<PatchedShape, 'channels'>): number =>
  warmParts(model).includes('data') ? 2 * model.channels : model.channels;
