import { cat } from '../functions.js';
import { attempt, native } from '../native.js';
import { call, isTraced } from '../operator.js';
import { keep } from '../scope.js';
import type { Tensor } from '../tensor.js';

/** Parameters one after the other, and their versions when they were joined. */
interface Joined {
  readonly parts: readonly Tensor[];
  readonly versions: readonly number[];
  readonly whole: Tensor;
}

let users = 0;
const byFirst = new Map<Tensor, Joined>();

/**
 * Lays out the parameters of linear layers once for many passes without gradients, instead of in every pass. A parameter that is
 * changed meanwhile is laid out again. It takes the memory of these parameters again, until the result is disposed.
 *
 *     using _packed = packWeights();
 *     for (const x of many) noGrad(() => network.forward(x));
 */
export function packWeights(): Disposable {
  attempt('packWeights', () => native.packWeights(true));
  users++;
  let isOver = false;
  return {
    [Symbol.dispose]() {
      if (isOver) return;
      isOver = true;
      attempt('packWeights', () => native.packWeights(false));
      users--;
      if (users > 0) return;
      for (const { whole } of byFirst.values()) whole.dispose();
      byFirst.clear();
    },
  };
}

/** Parameters one after the other along the first axis: joined anew, or once while `packWeights` is active. */
export function joined(parts: readonly Tensor[]): Tensor {
  const canKeep = users > 0 && native.getGradMode() === 0 && !isTraced() && parts.every((part) => part.requiresGrad);
  if (!canKeep) return cat(parts);
  const versions = parts.map((part) => call('aten::_version', part) as number);
  const found = byFirst.get(parts[0]);
  const isSame = (each: Joined) =>
    each.parts.length === parts.length &&
    parts.every((part, i) => part === each.parts[i] && versions[i] === each.versions[i]);
  if (found && isSame(found)) return found.whole;
  found?.whole.dispose();
  const whole = keep(cat(parts));
  whole.requiresGrad = true; // it counts as a parameter, so the addon keeps its layout too
  byFirst.set(parts[0], { parts, versions, whole });
  return whole;
}
