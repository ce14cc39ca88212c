/**
 * Code for Node and the browser: random numbers, schedules, samplers and geometry, on plain numbers.
 *
 *     import { gamma, normals } from '@rin/core';
 */

export * from './arithmetic.js';
export * from './checksum.js';
export * from './companding.js';
export * from './errors.js';
export * from './frames.js';
export * from './geometry.js';
export * from './medium.js';
export * from './oneHot.js';
export * from './permutation.js';
export * from './printable.js';
export * from './process.js';
export * from './quantities.js';
export * from './random.js';
export * from './sampling/ddim.js';
export * from './sampling/ddpm.js';
export * from './sampling/dpm2m.js';
export * from './sampling/dpm2mSde.js';
export * from './sampling/flow.js';
export * from './sampling/guidance.js';
export * from './sampling/heun.js';
export * from './sampling/inpaint.js';
export * from './sampling/momentum.js';
export * from './sampling/plan.js';
export * from './sampling/quantityStore.js';
export * from './sampling/requests.js';
export * from './sampling/sampler.js';
export * from './sampling/samplers.js';
export * from './schedules.js';
export * from './timeCode.js';
