import { count, geometry, patchList, sizeList } from '@rin/core';
import type { Config } from './config.js';

/*
 * A configuration may come from a stranger: in a file, or inside a model. Reading it takes bounded time
 * and memory. The limits are far above what any machine can train.
 */

/** Most values in a configuration, and most levels of nesting. */
const [mostValues, mostNested] = [20_000, 16];

/** Most characters of a configuration as text. */
export const longestText = 100_000;

/** Most compute layers of all blocks together. */
const mostLayers = 10_000;

/** Most interface tokens, values in a sample, and values in a batch. */
const [mostTokens, mostInSample, mostInBatch] = [2 ** 24, 2 ** 30, 2 ** 32];

/**
 * Why an unchecked value is too large to read, in words; undefined if it is small enough. It does not recurse, so deep
 * nesting cannot overflow the stack.
 */
export function excess(value: unknown): string | undefined {
  const rest: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  let values = 0;
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth >= mostNested) return `it is nested more than ${mostNested} levels deep`;
    const inner: unknown[] = Array.isArray(next.value) ? next.value : Object.values(next.value);
    values += inner.length;
    if (values > mostValues) return `it holds more than ${count(mostValues)} values`;
    for (const each of inner) rest.push({ value: each, depth: next.depth + 1 });
  }
  return undefined;
}

/** Yields one sentence for each number of a configuration that is too large, in bounded time. */
export function* limits(config: Config): Generator<string> {
  const sentences = [...numbers(config)];
  yield* sentences;
  if (sentences.length === 0) yield* products(config);
}

function* numbers({ model, training, sampling }: Config): Generator<string> {
  const most: readonly (readonly [key: string, value: number, most: number])[] = [
    ['model.channels', model.channels, 1e6],
    ['model.givenFrames', model.givenFrames, 1e6],
    ['model.classes', model.classes, 1e6],
    ['model.conditionDim', model.conditionDim, 1e6],
    ['model.conditionTokens', model.conditionTokens, 1e6],
    ['model.latents', model.latents, 1e6],
    ['model.latentDim', model.latentDim, 1e6],
    ['model.latentMlpRatio', model.latentMlpRatio, 1e3],
    ['model.interfaceDim', model.interfaceDim, 1e6],
    ['model.interfaceMlpRatio', model.interfaceMlpRatio, 1e3],
    ['model.convolutionKernel', model.convolutionKernel, 1e3],
    ['training.batch', training.batch, 1e6],
    ['training.keepCheckpoints', training.keepCheckpoints, 1e6],
    ['training.evaluateCount', training.evaluateCount, 1e6],
    ['sampling.steps', sampling.steps, 1e6],
    ['sampling.timeDelta', sampling.timeDelta, 1e6],
  ];
  for (const [key, value, limit] of most) {
    if (value > limit) yield `${key} is ${value}; expected at most ${count(limit)}`;
  }
  const { depth } = model;
  if (depth.length > 1000) yield `model.depth has ${count(depth.length)} numbers; expected at most 1,000 blocks`;
  const layers = Math.max(...depth);
  if (layers > 1000) yield `model.depth has a block of ${layers} compute layers; expected at most 1,000`;
}

/** Numbers that are each allowed, but make too much together. */
function* products({ model, training }: Config): Generator<string> {
  const layers = model.depth.reduce((sum, each) => sum + each, 0);
  if (layers > mostLayers) {
    yield `model.depth has ${count(layers)} compute layers in all; expected at most ${count(mostLayers)}`;
  }
  const size = sizeList(model.size);
  const values = size.reduce((product, extent) => product * extent, model.channels);
  const shape = [model.channels, ...size].join(' x ');
  if (values > mostInSample) {
    yield `a sample of ${shape} (model.channels, model.size) has ${values} values; expected at most ${count(mostInSample)}`;
    return;
  }
  if (values * training.batch > mostInBatch) {
    yield `training.batch ${training.batch} of samples of ${shape} has ${values * training.batch} values; expected at most ${count(mostInBatch)}`;
  }
  if (patchList(model.patch, size.length).length !== size.length) return;
  if (model.givenFrames >= size[0]) return;
  const { tokens } = geometry(model);
  if (tokens > mostTokens) {
    yield `model.size ${JSON.stringify(model.size)} in patches of ${JSON.stringify(model.patch)} makes ${tokens} interface tokens; expected at most ${count(mostTokens)}`;
  }
}
