import { statSync } from 'node:fs';
import { geometry, isTorchError, RinError } from '@rin/core';
import type { TrainingConfig } from '../config/training.js';
import { loadModel, type Model } from '../diffusion/modelFile.js';
import { type SampleOptions, samples } from '../diffusion/sample.js';
import { mapsOf } from '../inspect/attentionMaps.js';
import type { MediumSample } from '../media/medium.js';
import { readWeights } from '../runs/checkpoint.js';
import { chooseCompute, useThreads } from '../training/resources/compute.js';
import type { Drawn, FromDrawing, ToDrawing, Weights } from './drawingMessages.js';

/*
 * The process that draws for the studio, so that the server answers while libtorch computes, and lives on if memory runs out.
 * Its arguments are device and threads. It ends with the server, not by Ctrl-C, which the terminal sends to both.
 */

const [device, threads] = process.argv.slice(2);
const running = new Map<number, { readonly controller: AbortController; wantsSamples: boolean }>();
let queue = Promise.resolve();
let kept: { readonly key: string; readonly model: Model } | undefined;

process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {});
process.on('message', (message: ToDrawing) => {
  const { id } = message;
  if (message.type === 'draw') {
    running.set(id, { controller: new AbortController(), wantsSamples: true });
    queue = queue.then(() => draw(message));
  } else if (message.type === 'next') {
    const found = running.get(id);
    if (found) found.wantsSamples = true;
  } else running.get(id)?.controller.abort(new RinError('stopped'));
});

const tell = (message: FromDrawing): void => void process.send?.(message);

/** Draws one request. It never rejects, so the next one begins. */
async function draw({ id, weights, request }: Extract<ToDrawing, { type: 'draw' }>): Promise<void> {
  try {
    running.get(id)?.controller.signal.throwIfAborted();
    tell({ id, type: 'loading' });
    const model = await modelOf(weights);
    const begin = performance.now();
    const drawn = await drawWith(model, id, request);
    tell({ id, type: 'done', drawn, seconds: (performance.now() - begin) / 1000 });
  } catch (error) {
    tell({ id, type: 'failed', message: messageOf(error) });
  } finally {
    running.delete(id);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof RinError || isTorchError(error) || !(error instanceof Error)
    ? String(error instanceof Error ? error.message : error)
    : `an unexpected error: ${error.message}`;

/** Draws, and tells of each step. The sampling is that of `sample`, byte for byte, also when somebody looks at the reads. */
async function drawWith(
  model: Model,
  id: number,
  { reads: withReads, ...options }: Extract<ToDrawing, { type: 'draw' }>['request'],
): Promise<Drawn> {
  const state = running.get(id);
  const cut = geometry(model.config.model);
  let maps: Float32Array[][] = []; // by read, then by sample
  let reads: Float32Array[][] | undefined; // by sample, then by read
  const watch: Pick<SampleOptions, 'onAttention'> = {
    onAttention: (attention) => {
      if (attention.kind !== 'read' || attention.isUnlabelled) return;
      if (attention.block === 0) maps = [];
      maps.push(mapsOf(attention, {}, cut).map(({ values }) => Float32Array.from(values)));
    },
  };
  const images: MediumSample[] = [];
  const drawing = samples(model, {
    ...options,
    batch: options.seeds.length,
    ...(state && { signal: state.controller.signal }),
    ...(withReads && watch),
    onStep: ({ step, steps, seeds, x0 }) => {
      if (withReads) reads = seeds.map((_, i) => maps.map((read) => read[i]));
      const isWhole = seeds.length === options.seeds.length; // else memory ran out, and parts are drawn
      const isWanted = isWhole && step < steps && state?.wantsSamples;
      if (isWanted && state) state.wantsSamples = false;
      tell({ id, type: 'step', step, steps, ...(isWanted && { drawn: drawnOf(x0(), reads) }) });
    },
  });
  for await (const { image } of drawing) images.push(image);
  return drawnOf(images, reads?.length === images.length ? reads : undefined);
}

const drawnOf = (images: readonly MediumSample[], reads: Drawn['reads']): Drawn => ({
  medium: images[0].medium,
  shape: images[0].shape,
  pictures: images.map(({ data }) => data),
  ...(reads && { reads }),
});

/** The model, loaded if it is another one than before, or was written since. */
async function modelOf({ file, checkpoint }: Weights): Promise<Model> {
  const { mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {};
  const key = JSON.stringify([file, mtimeMs, size, checkpoint]);
  if (kept?.key === key) return kept.model;
  for (const tensor of Object.values(kept?.model.network.parameters() ?? {})) tensor.dispose();
  kept = undefined;
  useThreads(Number(threads));
  const wanted = { device: device as TrainingConfig['device'], precision: 'float32' as const };
  const model = await loadModel(file, { device: chooseCompute(wanted).device });
  if (checkpoint) {
    const { tensors } = await readWeights(checkpoint.run, checkpoint.name, checkpoint.part);
    try {
      model.network.loadParameters(tensors);
    } finally {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
  }
  kept = { key, model };
  return model;
}
