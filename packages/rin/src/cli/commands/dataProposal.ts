import { count, quoted, roughly, sizeList } from '@rin/core';
import type { Config } from '../../config/config.js';
import { classCount } from '../../data/classes.js';
import type { Survey } from '../../data/survey.js';
import type { ClipProposal } from '../../training/clipProposal.js';
import { enlargedPictures } from '../../training/enlarged.js';
import { loadPreset } from '../../training/presets.js';
import { proposalFor } from '../../training/proposal.js';
import { canLoadTorch } from '../addon.js';
import { calling } from '../terminal/calling.js';

/**
 * Lines about the training that fits the data: preset, size, patch, images, time, result and command. There are none if no
 * picture could be read.
 * @param isTimed whether to measure the time, which takes up to 3 s
 */
export async function* proposalOf(source: string, survey: Survey, isTimed: boolean): AsyncGenerator<string> {
  const { traits, headers, pictures } = survey;
  if (!traits) return;
  const classes = classCount(survey.classes);
  const { preset, changes, why, expect } = proposalFor({ ...traits, pictures, classes });
  const config = loadPreset(preset, changes);
  const { model, training } = config;
  yield `preset   ${preset}, for ${why.preset}`;
  yield `size     ${sizeList(model.size).join('×')}, ${why.size}; ${why.patch}`;
  const enlarged = enlargedPictures(headers.sizes, config, 'pictures');
  if (enlarged) yield `         ${enlarged.sentence}`;
  yield `images   ${count(training.images)}, ${why.images}`;
  if (isTimed) yield `time     ${await timeText(config, pictures)}`;
  yield `expect   ${expect}`;
  yield `command  ${calling} train --data ${quoted(source)}`;
}

/**
 * The same lines for clips or sounds, without what to expect, which was not measured. `rin train` takes size and images from the
 * flags of the command.
 * @param source as the user named it
 */
export async function* clipProposalOf(
  source: string,
  { preset, changes, samples, why }: ClipProposal,
  isTimed: boolean,
): AsyncGenerator<string> {
  if (samples === 0) return;
  const config = loadPreset(preset, changes);
  const { model, training } = config;
  const size = sizeList(model.size);
  yield `preset   ${preset}, for ${why.preset}`;
  yield `size     ${size.length === 1 ? `${count(size[0])} values` : size.join('×')}, ${why.size}; ${why.patch}`;
  yield `images   ${count(training.images)}, ${why.images}`;
  if (isTimed) yield `time     ${await timeText(config, samples)}`;
  const flag = size.length === 1 ? quoted(`[${size[0]}]`) : size.join(',');
  yield `command  ${calling} train --data ${quoted(source)} --size ${flag} --images ${training.images}`;
}

/** How long the training takes on this machine; unknown before set-up. */
async function timeText(config: Config, samples: number): Promise<string> {
  if (!(await canLoadTorch())) return 'unknown until rin is set up';
  const { chooseCompute } = await import('../../training/resources/compute.js');
  const { trainingTime } = await import('../../training/resources/timing.js');
  const time = trainingTime(config, chooseCompute(config.training), samples);
  if (!time) return 'unknown, because there is not enough memory to measure it';
  return `about ${roughly(time.seconds)} on this machine as busy as it is now, with previews`;
}
