import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadHere, type ModelParts, type Picture, type SampleOptions, type WebModel } from '@rin/web';
import * as runtime from 'onnxruntime-web';
import type { Config } from '../../src/config/config.js';
import type { Model } from '../../src/diffusion/modelFile.js';
import { sample } from '../../src/diffusion/sample.js';
import type { Clip } from '../../src/media/clip.js';
import { network } from '../model/reference/compare.js';
import { randomParameters } from '../model/reference/draws.js';

/** A model with random weights that let every path matter. */
export const modelFor = (config: Config, classes: readonly string[] = []): Model => ({
  ...{ config, classes, meanSquare: 0.3 },
  network: network(config.model, randomParameters(config.model, 3), 'float32'),
});

/** The files that `exportWeb` wrote, as a program without a browser reads them. */
export function partsIn(folder: string, starts?: readonly Clip[]): ModelParts {
  return {
    manifest: JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')),
    graph: new Uint8Array(readFileSync(join(folder, 'model.onnx'))),
    ...(starts && { starts }),
  };
}

/** Opens an exported model in onnxruntime-web. */
export const openHere = (parts: ModelParts): Promise<WebModel> => loadHere(parts, runtime);

/** The samples of `@rin/web` after the last step. */
export async function drawn(web: WebModel, options: SampleOptions): Promise<readonly Picture[]> {
  let last: readonly Picture[] = [];
  for await (const { pictures } of web.sample(options)) last = pictures;
  return last;
}

/** Fails unless `@rin/web` draws the samples of libtorch: no byte differs by more than 1, which rounding in float32 explains. */
export async function assertSameSamples(model: Model, web: WebModel, options: SampleOptions): Promise<void> {
  const { seed, class: one, ...same } = options;
  const expected = await sample(model, { seeds: [0], ...same } as Parameters<typeof sample>[1]);
  const found = await drawn(web, options);
  assert.equal(found.length, expected.length);
  for (const [i, { data, shape, medium }] of expected.entries()) {
    assert.deepEqual([found[i].medium, found[i].shape], [medium, shape]);
    const largest = data.reduce((most, value, at) => Math.max(most, Math.abs(value - found[i].data[at])), 0);
    assert.ok(largest <= 1, `sample ${i} of ${JSON.stringify(options)}: a byte differs by ${largest}`);
  }
}
