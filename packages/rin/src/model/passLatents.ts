import { fewestLatents, latentSlots, RinError } from '@rin/core';
import { cat, type Device, type Tensor, tensor, zeros } from '@rin/torch';
import type { ModelConfig } from '../config/model.js';

/*
 * A pass may have fewer latents than the network: the last learned ones are left out (ELIT, arXiv 2603.12245, without recurrence).
 * The time and condition tokens on the latents always stay.
 *
 *     Z = [learned latents 1 … m − s; time; condition]      m latents of the pass, s = time and condition tokens on them
 */

/** The latents of a pass. */
export interface PassLatents {
  /** latents m of the pass, the most of any sample */
  readonly count: number;
  /** bool [B, m], false = left out; null if all samples have m */
  readonly used: Tensor | null;
}

/** The latents of a pass. @param latents  for all samples or for each, checked by `checkInput`; absent = all */
export function passLatents(
  model: ModelConfig,
  latents: number | readonly number[] | undefined,
  device: Device,
): PassLatents {
  if (latents === undefined) return { count: model.latents, used: null };
  if (typeof latents === 'number') return { count: latents, used: null };
  const count = Math.max(...latents);
  if (latents.every((each) => each === count)) return { count, used: null };
  const others = fewestLatents(model) - 1;
  const used = Uint8Array.from({ length: latents.length * count }, (_, at) => {
    const [sample, place] = [Math.floor(at / count), at % count];
    return place < latents[sample] - others || place >= count - others ? 1 : 0;
  });
  return { count, used: tensor(used, [latents.length, count], { device }).to('bool') };
}

/**
 * The latents of an earlier pass with another number of latents, for a pass with `count`. The last learned ones are left out, or
 * zeros are put in their place, as if nothing had come before them. The time and condition tokens stay at the end.
 * @param previous  [B, m', d']
 * @returns         [B, count, d']
 */
export function fitLatents(previous: Tensor, count: number, model: ModelConfig): Tensor {
  const [batch, found, dim] = previous.shape;
  if (found === count) return previous;
  const { time, condition } = latentSlots(model);
  const others = time + condition;
  const learned = previous.narrow(1, 0, Math.min(found, count) - others);
  const blank = { dtype: previous.dtype, device: previous.device };
  const missing = count > found ? [zeros([batch, count - found, dim], blank)] : [];
  const kept = others > 0 ? [previous.narrow(1, found - others, others)] : [];
  return cat([learned, ...missing, ...kept], 1);
}

/** @throws RinError if a number of latents is not possible */
export function checkLatents(model: ModelConfig, latents: number | readonly number[] | undefined, batch: number): void {
  if (latents === undefined) return;
  const all = typeof latents === 'number' ? [latents] : latents;
  if (typeof latents !== 'number' && latents.length !== batch)
    throw new RinError(`latents has ${latents.length} numbers; expected ${batch}, one for each sample of x`);
  const fewest = fewestLatents(model);
  const wrong = all.find((each) => !Number.isInteger(each) || each < fewest || each > model.latents);
  if (wrong !== undefined)
    throw new RinError(
      `latents ${wrong}: expected a whole number from ${fewest} (time and condition tokens, and one learned latent) to ${model.latents}`,
    );
}
