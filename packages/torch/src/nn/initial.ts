import { describe } from '../argument.js';
import { empty } from '../create.js';
import { TorchError } from '../errors.js';
import { where } from '../functions.js';
import { noGrad } from '../modes.js';
import { Module } from '../module.js';
import { attempt, native } from '../native.js';
import { callTensor, refuseInTrace } from '../operator.js';
import { philoxNormal } from '../philox.js';
import { nextUnseeded } from '../random.js';
import { checked, whole } from '../range.js';
import { keep, scope } from '../scope.js';
import type { Tensor } from '../tensor.js';

/** How the values of a parameter start: one of `initial`. */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly limit: number }
  | { readonly kind: 'normal' | 'truncatedNormal'; readonly deviation: number }
  | { readonly kind: 'glorot' };

/** The initial values that a layer can have. A layer takes one as its option `initial`. */
export const initial = {
  zeros: { kind: 'constant', value: 0 },
  ones: { kind: 'constant', value: 1 },
  constant: (value: number): Initial => ({ kind: 'constant', value }),
  /** Uniform in ±limit. */
  uniform: (limit: number): Initial => ({ kind: 'uniform', limit }),
  /** Normal with mean 0. */
  normal: (deviation = 1): Initial => ({ kind: 'normal', deviation }),
  /** Normal with mean 0; values beyond 2 deviations are drawn again. */
  truncatedNormal: (deviation = 0.02): Initial => ({ kind: 'truncatedNormal', deviation }),
  /**
   * Uniform in ±√(6/(fan in + fan out)) for a weight [out, in, …window]. A fan is in or out, times the elements of the window
   * (Glorot & Bengio 2010, eq. 16).
   */
  glorot: { kind: 'glorot' },
} as const satisfies Record<string, Initial | ((number: number) => Initial)>;

/** Options of a layer's initial values. */
export interface InitialOptions {
  /** Initial values of the weight. A bias starts at 0. */
  readonly initial?: Initial;
  /**
   * Determines random initial values: an integer from 0 to 2⁵³ − 1. Without a seed they follow `manualSeed`, as `rand` does, and
   * count as one of its draws. With null the memory stays uninitialised: call `initialise` or `loadParameters` afterwards.
   */
  readonly seed?: number | null;
}

const initials = new WeakMap<Tensor, Initial>();

/**
 * Makes a float32 tensor that requires gradients, with initial values. No scope frees it. Use it for a parameter of your own
 * module.
 * @param options.initial  default: `initial.glorot`
 * @throws TorchError if a size or an option is out of range, or `initial.glorot` gets fewer than two dimensions
 */
export function parameter(
  shape: readonly number[],
  { initial: values = initial.glorot, seed }: InitialOptions = {},
): Tensor {
  checkInitial(values, shape);
  const tensor = keep(empty(shape, { requiresGrad: true }));
  initials.set(tensor, values);
  if (seed !== null) noGrad(() => draw(tensor, values, streamOf(values, seed)));
  return tensor;
}

/**
 * Draws the initial values of all layers of a module again, as a function of the seed and of each parameter's name. So a
 * parameter that is added later does not change the others. Parameters that neither a layer nor `parameter` made keep their
 * values.
 * @param seed  integer from 0 to 2⁵³ − 1
 * @returns the module
 * @throws TorchError if the seed is out of range, or inside a trace
 */
export function initialise<M extends Module>(module: M, seed: number): M {
  if (!(module instanceof Module)) throw new TorchError(`initialise: expected a module, got ${describe(module)}`);
  noGrad(() => {
    for (const [name, tensor] of Object.entries(module.parameters())) {
      const values = initials.get(tensor);
      if (values) draw(tensor, values, { seed, sample: nameSample(name) });
    }
  });
  return module;
}

/** The seed and sample of a Philox stream with purpose 0: initial values. */
interface Stream {
  readonly seed: number;
  readonly sample: number;
}

function streamOf(values: Initial, seed: number | undefined): Stream {
  if (seed !== undefined || values.kind === 'constant') return { seed: seed ?? 0, sample: 0 };
  const next = nextUnseeded();
  return { seed: next.seed, sample: next.draw };
}

/** Fills a tensor. Every value is computed in float64 and then rounded, so the bits are the same on every machine. */
function draw(tensor: Tensor, values: Initial, from: Stream): void {
  refuseInTrace('initial values', 'a trace cannot record random numbers; make layers before');
  checked('initial values: seed', from.seed, whole(2 ** 53));
  if (values.kind === 'constant') tensor.fill_(values.value);
  else if (tensor.size > 0) scope(() => tensor.copy_(drawn(values, tensor, from).reshape(tensor.shape)));
}

function drawn(
  values: Exclude<Initial, { kind: 'constant' }>,
  { shape, size }: Tensor,
  { seed, sample }: Stream,
): Tensor {
  if (values.kind === 'normal' || values.kind === 'truncatedNormal') {
    const normals = (step: number) => philoxNormal(empty([1, size]), { seed, samples: [sample], step });
    let found = normals(0);
    if (values.kind === 'truncatedNormal')
      for (let step = 1; found.abs().amax().item() > 2; step++) found = where(found.abs().gt(2), normals(step), found);
    return found.double().mul_(values.deviation);
  }
  const words = empty([1, size], { dtype: 'int32' });
  attempt('initial values', () => native.philoxWords(words.slot, seed, 0, 0, [sample]));
  const u = callTensor('aten::remainder.Scalar', words.double(), 2 ** 32) //        signed words → unsigned, exactly
    .add_(0.5)
    .mul_(2 ** -32);
  const limit = values.kind === 'uniform' ? values.limit : Math.sqrt(6 / fans(shape));
  return u.mul_(2).sub_(1).mul_(limit);
}

/** Fan in + fan out of a weight [out, in, …window]. */
function fans([outputs, inputs, ...window]: readonly number[]): number {
  return window.reduce((product, size) => product * size, outputs + inputs);
}

const numberOf = {
  constant: 'value',
  uniform: 'limit',
  normal: 'deviation',
  truncatedNormal: 'deviation',
  glorot: null,
};

function checkInitial(values: Initial, shape: readonly number[]): void {
  if (typeof values !== 'object' || values === null || !Object.hasOwn(numberOf, values.kind))
    throw new TorchError(
      `initial must be one of the library's initial values, such as initial.zeros; got ${describe(values)}`,
    );
  const key = numberOf[values.kind];
  const number: unknown = key === null ? 0 : Reflect.get(values, key);
  if (!Number.isFinite(number))
    throw new TorchError(`initial.${values.kind}: ${key} must be a number, got ${describe(number)}`);
  if (values.kind === 'glorot' && shape.length < 2)
    throw new TorchError(`initial.glorot needs a weight [out, in, …], got the shape [${shape.join(', ')}]`);
}

/** The stream of a parameter: the FNV-1a hash of its name, 32 bits. */
function nameSample(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
