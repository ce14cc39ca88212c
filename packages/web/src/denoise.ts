import {
  carry,
  cutClip,
  estimateOf,
  geometry,
  joinClips,
  lengthOf,
  levelFactors,
  mediumOf,
  normals,
  oneHotRows,
  plan,
  QuantityStore,
  RinError,
  requests,
  samplers,
  warmParts,
} from '@rin/core';
import type { Engine } from './engine.js';
import type { Manifest } from './manifest.js';
import type { SampleRequest } from './options.js';
import { type Carried, pass } from './pass.js';
import type { Picture, SampleStep } from './picture.js';
import { fromBytes, standardised, toBytes, Values } from './values.js';

/** Whether the next step brings read maps. It is asked before each step. */
export type WantsReads = () => boolean;

/**
 * Samples from pure noise (paper, section 3), as `denoise` of rin does. A clip that is longer than the model's is drawn in
 * sections, and each is given the last frames before it.
 * @throws RinError if an output of the network is not finite
 * @throws EngineError if the engine fails
 */
export async function* denoise(
  engine: Engine,
  manifest: Manifest,
  request: SampleRequest,
  wantsReads: WantsReads,
): AsyncGenerator<SampleStep, void, void> {
  const { seeds, given, frames, sampling } = request;
  const { givenFrames = 0, size } = manifest.config.model;
  const shape = manifest.inputs.x;
  const length = frames ?? (Array.isArray(size) ? size[0] : 0);
  const sections = givenFrames > 0 ? Math.ceil((length - givenFrames) / shape[1]) : 1;
  const medium = mediumOf(shape);
  let before = givenFrames > 0 ? seeds.map((_, i) => lastFrames(given[i % given.length], givenFrames)) : undefined;
  for (let section = 0; section < sections; section++) {
    const clips = before;
    const join = (x: Values): Picture[] => {
      const bytes = toBytes(x.data, manifest.config.diffusion.inputScale);
      const values = lengthOf(shape);
      return seeds.map((_, i) => {
        const drawn = { data: bytes.slice(i * values, (i + 1) * values), shape };
        if (!clips) return { medium, ...drawn };
        const joined = joinClips(clips[i], drawn);
        return { medium, ...(joined.shape[1] > length ? cutClip(joined, 0, length) : joined) };
      });
    };
    let pictures: Picture[] = [];
    for await (const { x, ...step } of denoiseSection(engine, manifest, request, { section, clips, wantsReads })) {
      pictures = join(x);
      yield {
        ...step,
        ...{ step: section * sampling.steps + step.step, steps: sections * sampling.steps },
        ...{ pictures, picture: pictures[0] },
      };
    }
    before = clips && pictures;
  }
}

type Clip = Pick<Picture, 'data' | 'shape'>;

const lastFrames = (clip: Clip, count: number): Clip => cutClip(clip, clip.shape[1] - count, count);

/** One section. `x` of a step is the estimate x̂₀, and the sample after the last step. */
async function* denoiseSection(
  engine: Engine,
  manifest: Manifest,
  { seeds, labels, sequences, sampling }: SampleRequest,
  { section, clips, wantsReads }: { section: number; clips?: readonly Clip[]; wantsReads: WantsReads },
): AsyncGenerator<Omit<SampleStep, 'pictures' | 'picture'> & { readonly x: Values }, void, void> {
  const { model, diffusion } = manifest.config;
  const { inputScale, prediction: kind, normalizeInput, selfConditioningRate } = diffusion;
  const values = lengthOf(manifest.inputs.x);
  const store = new QuantityStore<Values>({
    normals: (purpose, step) => {
      const data = new Float32Array(seeds.length * values);
      for (const [i, seed] of seeds.entries())
        normals(section, purpose, seed, step, data.subarray(i * values, (i + 1) * values));
      return new Values(data);
    },
  });
  const { classes, givenFrames = 0 } = model;
  const condition = classes > 0 ? oneHotRows(labels, classes) : sequences;
  const given = clips && fromBytes(joined(clips.map((clip) => lastFrames(clip, givenFrames).data)), inputScale);
  // A network that was trained only from zeros must start from zeros.
  const parts = selfConditioningRate > 0 ? warmParts(model) : [];
  const { steps } = sampling;
  let [previous, settled]: Carried[] = [{}, {}];
  let ms = 0;
  const wanted = requests(samplers[sampling.sampler](plan(sampling), sampling));
  for (let request = wanted.next(); !request.done; ) {
    const begin = performance.now();
    const { number, evaluation, isStepDone } = request.value;
    const { step, gamma } = evaluation;
    const at = levelFactors(gamma, evaluation.oneMinusGamma, { inputScale, meanSquare: manifest.meanSquare });
    const x = store.combine(evaluation.x);
    const input =
      normalizeInput === 'none'
        ? x
        : normalizeInput === 'expected'
          ? x.div(at.deviation)
          : standardised(x, seeds.length);
    const withReads = isStepDone && wantsReads();
    const { prediction, carried, reads } = await pass(engine, manifest, sampling, {
      ...{ samples: seeds.length, x: input, gamma, previous, withReads },
      ...(condition && { condition }),
      ...(given && { given }),
    });
    if (!prediction.data.every(Number.isFinite))
      throw new RinError(`the network's output is infinite or NaN at step ${step + 1} of ${steps} (γ = ${gamma})`);
    const x0 = estimateOf(prediction, x, kind, at, sampling.clip ? inputScale : undefined);
    store.keep({ number, x, x0, at });
    // The network was trained on limited estimates, so it gets limited ones here too, even if the sampler does not.
    const latest: Carried = { ...carried, data: x0.clamp(-inputScale, inputScale) };
    previous = Object.fromEntries(
      parts.flatMap((part) => {
        const value = latest[part];
        return value ? [[part, carry(value, settled[part], sampling.momentum)]] : [];
      }),
    );
    if (isStepDone) settled = previous;
    request = wanted.next();
    ms += performance.now() - begin;
    if (!isStepDone) continue;
    yield {
      ...{ step: step + 1, steps, gamma, ms, x: request.done ? store.combine(request.value) : x0 },
      ...(reads && { reads: readsOf(reads, seeds.length, geometry(model).predicted.tokens) }),
    };
    ms = 0;
  }
}

/** Read maps [reads][B · tokens] as [B][reads][patches]; behind the patches there may be other tokens. */
const readsOf = (reads: readonly Float32Array[], samples: number, patches: number): Float32Array[][] =>
  Array.from({ length: samples }, (_, i) =>
    reads.map((all) => {
      const start = (i * all.length) / samples;
      return all.slice(start, start + patches);
    }),
  );

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
