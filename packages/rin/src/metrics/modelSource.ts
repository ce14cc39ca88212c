import { createHash } from 'node:crypto';
import { lengthOf, permute, RinError } from '@rin/core';
import type { SamplingConfig } from '../config/diffusion.js';
import type { Dataset } from '../data/dataset.js';
import type { Model } from '../diffusion/modelFile.js';
import { samples } from '../diffusion/sample.js';
import { type Clip, cutClip } from '../media/clip.js';
import type { SampleSource } from './gather.js';

export interface DrawnOptions {
  readonly sampling: SamplingConfig;
  readonly seeds: readonly number[];
  /** what the samples are compared with; absent = it is not known sample by sample */
  readonly data?: Dataset;
  readonly signal?: AbortSignal;
}

/** Samples that are drawn from a model, and words for what they are conditioned on. */
export interface Drawn {
  readonly source: SampleSource;
  /** how their classes are chosen */
  readonly classes: string;
  /** where given frames and conditions come from */
  readonly given: string;
}

/**
 * Samples of a model as a source. Sample i takes its class, its condition and its given frames from the sample of the data at the
 * place ⌊i·N/n⌋ of a fixed random order of i. So classes are as frequent as in the data, and every block has all of them.
 * @throws RinError if the model continues clips and there are no data that have them
 */
export function modelSource(model: Model, { sampling, seeds, data, signal }: DrawnOptions): Drawn {
  const { shape } = model.network.sample;
  const { classes, conditionDim, givenFrames } = model.config.model;
  const followsData = classes > 0 && data?.classes.join('\n') === model.classes.join('\n');
  if (givenFrames > 0 && !data)
    throw new RinError(
      'this model continues clips, so it needs data whose first frames it is given; name data as the reference, and no file of statistics',
    );
  const from = conditionDim > 0 && data?.condition ? data : undefined;
  /** place in the data of the sample that number i follows */
  const placeOf = (i: number, { length }: Dataset): number =>
    Math.floor((permute(i, seeds.length, 0, 0) * length) / seeds.length);
  return {
    classes: classes === 0 ? 'none' : followsData ? 'as frequent as in the reference' : 'in turn',
    given:
      givenFrames > 0 ? `first ${givenFrames} frames of the reference` : from ? 'conditions of the reference' : 'none',
    source: {
      count: seeds.length,
      shape,
      async read(first, count, told) {
        const places = data ? Array.from({ length: count }, (_, i) => placeOf(first + i, data)) : [];
        const label = (place: number): number | null => (data && data.label(place) >= 0 ? data.label(place) : null);
        const options = {
          ...{ ...sampling, seeds: seeds.slice(first, first + count), batch: count, signal },
          ...(followsData && { classes: places.map(label) }),
          ...(from && { conditions: places.map((place) => from.condition?.(place) ?? null) }),
          ...(givenFrames > 0 && data && { given: await givenClips(data, places, givenFrames) }),
        };
        let done = 0;
        const drawn: Uint8Array[] = [];
        const onStep = ({ share, seeds: part }: { share: number; seeds: readonly number[] }) =>
          told((done + share * part.length) / count);
        for await (const { image } of samples(model, { ...options, onStep })) {
          drawn.push(image.data);
          done++;
        }
        return drawn;
      },
    },
  };
}

/** The first frames of clips of the data. */
async function givenClips(data: Dataset, places: readonly number[], frames: number): Promise<Clip[]> {
  const clips: Clip[] = [];
  for (const place of places) {
    const clip = { data: new Uint8Array(lengthOf(data.shape)), shape: data.shape };
    if (data.readLater) await data.readLater(place, clip.data);
    else data.read(place, clip.data);
    clips.push(cutClip(clip, 0, frames));
  }
  return clips;
}

/** SHA-256 of the weights of a model with their names and shapes, in hexadecimal. */
export function weightsDigest({ network }: Pick<Model, 'network'>): string {
  const hash = createHash('sha256');
  for (const [name, parameter] of Object.entries(network.parameters())) {
    using values = parameter.detach();
    using here = values.to('cpu');
    hash.update(`${name} ${parameter.shape.join()}\n`);
    const array = here.toTypedArray();
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest('hex');
}
