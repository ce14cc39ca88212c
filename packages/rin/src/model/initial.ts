import { nameSample, normals, uniforms } from '@rin/core';
import { empty, keep, noGrad, type Tensor, tensor } from '@rin/torch';

/** The initial values of a parameter. `truncatedNormal` has deviation 0.02; values beyond 2 deviations are drawn again. */
export type Initial =
  | { kind: 'constant'; value: number }
  | { kind: 'uniform'; limit: number }
  | { kind: 'truncatedNormal' };

export const zeros: Initial = { kind: 'constant', value: 0 };
export const ones: Initial = { kind: 'constant', value: 1 };
export const truncatedNormal: Initial = { kind: 'truncatedNormal' };

/** Uniform in ±√(6/fans), with variance 2/fans. Fans = fan in + fan out gives Glorot & Bengio 2010, eq. 16. */
export const uniform = (fans: number): Initial => ({ kind: 'uniform', limit: Math.sqrt(6 / fans) });

const initials = new WeakMap<Tensor, Initial>();

/** A new parameter. It belongs to no scope. `initialise` sets its values later. */
export function parameter(shape: readonly number[], initial: Initial): Tensor {
  const made = keep(empty(shape, { requiresGrad: true }));
  initials.set(made, initial);
  return made;
}

/**
 * Sets the initial values of parameters. They depend on the seed and each parameter's name. So an option that adds a
 * parameter does not change the others.
 */
export function initialise(parameters: Readonly<Record<string, Tensor>>, seed: number): void {
  noGrad(() => {
    for (const [name, made] of Object.entries(parameters)) {
      const initial = initials.get(made) ?? zeros;
      if (initial.kind === 'constant') made.fill_(initial.value);
      else {
        using values = tensor(draw(initial, made.size, seed, nameSample(name)), made.shape);
        made.copy_(values);
      }
    }
  });
}

function draw(
  initial: Exclude<Initial, { kind: 'constant' }>,
  count: number,
  seed: number,
  sample: number,
): Float32Array {
  const values = new Float32Array(count);
  if (initial.kind === 'uniform') {
    const u = new Float64Array(count);
    uniforms(seed, 'initialisation', sample, 0, u);
    for (let i = 0; i < count; i++) values[i] = (2 * u[i] - 1) * initial.limit; // Float32Array.from is four times slower
    return values;
  }
  const again = new Float32Array(count);
  normals(seed, 'initialisation', sample, 0, values);
  for (let step = 1; values.some(beyond); step++) {
    normals(seed, 'initialisation', sample, step, again);
    for (let i = 0; i < count; i++) if (beyond(values[i])) values[i] = again[i];
  }
  return values.map((value) => 0.02 * value);
}

const beyond = (value: number): boolean => Math.abs(value) > 2;
