/** The shape of samples and patches: these keys of the `model` section of a configuration. */
export interface PatchedShape {
  /** N for a square picture, or [L], [H, W], [T, H, W] */
  readonly size: number | readonly number[];
  /** side of a patch, or one extent for each axis */
  readonly patch: number | readonly number[];
  readonly channels: number;
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

/** How a sample is cut into patches. All lists are as long as `size`: [L], [H, W] or [T, H, W]. */
export interface Geometry {
  /** extent of a sample along each axis, in pixels (and frames) */
  size: number[];
  /** extent of a patch along each axis */
  patch: number[];
  /** patches along each axis */
  grid: number[];
  /** interface tokens n, the product of `grid` */
  tokens: number;
  /** values in one patch: pixels times channels */
  patchLength: number;
}

const product = (numbers: number[]) => numbers.reduce((a, b) => a * b, 1);

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
  const grid = size.map((extent, axis) => extent / patch[axis]);
  return { size, patch, grid, tokens: product(grid), patchLength: product(patch) * model.channels };
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

/** A state that a denoising step can start from: the latents or the interface of the previous step. */
export type WarmPart = 'latents' | 'interface';

/** The states that a network warm-starts from the previous denoising step (`model.selfConditioning`; paper, section 3). */
export function warmParts(model: { readonly selfConditioning: 'none' | WarmPart | 'both' }): readonly WarmPart[] {
  const { selfConditioning } = model;
  if (selfConditioning === 'none') return [];
  return selfConditioning === 'both' ? ['latents', 'interface'] : [selfConditioning];
}
