import { RinError } from '@rin/core';
import { type GivenClip, readGiven } from '../../data/readGiven.js';
import type { Model } from '../../diffusion/modelFile.js';
import { formatsOf, nounOf } from '../../media/formats.js';
import type { Given } from '../terminal/command.js';

/** Most names in the sentence about the clips that are continued. */
const mostNamed = 4;

/**
 * The clips of `--given`, scaled as the data of the model are.
 * @returns undefined for a model without given frames
 * @throws RinError if the model needs clips, takes none, or a clip cannot be read or is too short
 */
export async function continuedClips(
  { config: { model, data }, network }: Model,
  given: Given,
): Promise<readonly GivenClip[] | undefined> {
  const path = given.text('--given');
  const { givenFrames: count } = model;
  if (count === 0) {
    const flag = ['--given', '--frames'].find((each) => given.has(each));
    if (flag === undefined) return undefined;
    if (formatsOf(model)?.medium !== 'clip')
      throw new RinError(`${flag}: this model makes ${nounOf(model)}s, and no clips; leave it out`);
    throw new RinError(`${flag}: this model was trained without given frames (model.givenFrames 0), so leave it out`);
  }
  if (path === undefined) {
    throw new RinError(
      `this model continues clips: name one with --given, of at least ${count} frames: a video, an animated GIF, WebP or PNG, a folder of frames, or a folder of these`,
    );
  }
  const { resize, background, frameRate } = data;
  const rate = frameRate === undefined ? {} : { frameRate };
  return readGiven(path, { shape: network.sample.shape, count, resize, background, ...rate });
}

/** `continues 3 clips: a.gif, b.gif, c.gif` */
export function continuedLine(clips: readonly GivenClip[]): string {
  const names = clips.slice(0, mostNamed).map(({ name }) => name);
  const more = clips.length > mostNamed ? `, and ${clips.length - mostNamed} more` : '';
  return `continues ${clips.length === 1 ? '1 clip' : `${clips.length} clips`}: ${names.join(', ')}${more}`;
}
