/**
 * What Node and the browser share: random numbers, schedules, samplers and geometry, in plain numbers.
 *
 *     import { gamma, normals } from '@rin/core';
 */

export * from './errors.js';
export * from './geometry.js';
export * from './permutation.js';
export * from './printable.js';
export * from './quantities.js';
export * from './random.js';
export * from './sampling/coefficients.js';
export * from './schedules.js';
