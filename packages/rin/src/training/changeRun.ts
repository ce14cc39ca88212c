import { count } from '@rin/core';
import type { Config } from '../config/config.js';
import type { RunDirectory } from '../runs/runDirectory.js';
import { type Change, reordering, show } from '../runs/sameRun.js';
import { rateShare } from './learningRate.js';

/**
 * Changes the configuration of a locked run. It prints and logs the changes and the images seen, then replaces `config.yaml` as
 * a whole. If the process is killed in between, the same command prints them again.
 *
 * The learning rate needs no record of the change: it is a function of the configuration and the images seen (`rateShare`).
 * @param images images seen at the checkpoint that the run resumes from
 */
export async function changeRun(
  directory: RunDirectory,
  config: Config,
  changes: readonly Change[],
  images: number,
  say: (text: string) => void,
): Promise<void> {
  if (changes.length === 0) return;
  const told = changes.map(({ key, there, here }) => `${key} ${show(there)} → ${show(here)}`);
  say(`changed at ${count(images)} images: ${told.join(', ')}`);
  const length = changes.find(({ key }) => key === 'training.images');
  if (length) say(rateLine(config, Number(length.there), images));
  const reordered = changes.filter(({ key }) => reordering.includes(key)).map(({ key }) => key);
  if (reordered.length > 0)
    say(`${reordered.join(' and ')} can change the rounding of sums, and so the last bits of the weights`);
  const { dropout, dropPath, attentionDropout } = config.model;
  if (reordered.includes('training.microBatch') && dropout + dropPath + attentionDropout > 0)
    say('training.microBatch changes the draws of dropout');
  await directory.writeConfig(config);
}

/** How the learning rate continues in a run of another length. */
function rateLine({ training }: Config, before: number, images: number): string {
  if (training.decay.kind === 'constant') return 'learning rate: constant, as before';
  const at = (total: number): string =>
    (training.learningRate * rateShare({ ...training, images: total }, images)).toPrecision(2);
  return `learning rate: ${at(before)} → ${at(training.images)}, as in a run of ${count(training.images)} images`;
}
