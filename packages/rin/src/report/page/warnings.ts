import { count } from '@rin/core';
import { isEndless } from '../../data/builtIn.js';
import { nounOf } from '../../media/formats.js';
import { samplesInLoss } from '../../training/validation.js';
import { type Numbers, slidingMeans, spread } from './movingMean.js';
import type { ReportFacts } from './reportFacts.js';
import { number, percent, when } from './words.js';

/** What warnings are made from. */
export type WarningFacts = Pick<ReportFacts, 'state' | 'images' | 'config' | 'data' | 'stats' | 'written' | 'diverged'>;

/** Fewest lines of statistics from which a trend is told. */
const fewestLines = 8;
/** A trend is told from a change of this many standard deviations of the mean. */
const clearly = 3;
/** Smallest rise of the held-out loss that is told, as a share. */
const leastRise = 0.01;
/** A loss in training that ends above its lowest mean by this share has risen again. */
const leastReturn = 0.5;
/** A loss in training that is below the held-out loss by this share shows that the network knows its samples. */
const leastGap = 0.2;
/** A held-out loss over fewer samples says little, so nothing else is told of it. */
const fewestHeldOut = 16;
/** Samples that were seen this often may be memorised. */
const manyTimes = 100;

/** What a reader of the page should know about the run, in sentences with numbers; empty if nothing is unusual. */
export function warnings(facts: WarningFacts): string[] {
  return [...unfinished(facts), ...troubles(facts)];
}

/** The same without a word about whether the run is finished. */
export function troubles(facts: WarningFacts): string[] {
  return [
    ...notFinite(facts),
    ...risingLoss(facts),
    ...risingHeldOut(facts),
    ...memorising(facts),
    ...fewHeldOut(facts),
    ...repeats(facts),
    ...skippedFiles(facts),
  ];
}

function unfinished({ state, images, config, written }: WarningFacts): string[] {
  const stands = `${count(images)} of ${count(config.training.images)} images`;
  if (state === 'running') return [`The run was still training when this page was made, at ${stands}.`];
  if (state === 'finished') return [];
  if (images === 0) return ['The run is unfinished and has no checkpoint yet. The same command starts it again.'];
  return [`The run is unfinished, at ${stands}; it was last written at ${when(written)}. The same command resumes it.`];
}

function notFinite({ diverged }: WarningFacts): string[] {
  if (!diverged) return [];
  const { what, value, images } = diverged;
  return [`The ${what} became ${value} after ${count(images)} images, which ended the training.`];
}

/** The loss in training rose again by half of its lowest mean: the training became unstable. */
function risingLoss({ stats }: WarningFacts): string[] {
  const part = Math.max(3, Math.ceil(stats.length / 20));
  if (stats.length < Math.max(fewestLines, 3 * part)) return [];
  const means = slidingMeans(lossesOf(stats), part);
  const lowest = lowestOf(means);
  const last = means[means.length - 1];
  if (last.value <= (1 + leastReturn) * lowest.value) return [];
  return [
    `The loss in training rose again: ${number(lowest.value)} around ${count(lowest.images)} images, ${number(last.value)} at the end.`,
  ];
}

/** The held-out loss has a minimum that is not at the end, and the rise since then is more than its noise. */
function risingHeldOut({ config, data, stats }: WarningFacts): string[] {
  if (isFew(config, data)) return [];
  const heldOut = heldOutOf(stats);
  if (heldOut.length < fewestLines) return [];
  const means = slidingMeans(heldOut, 3);
  const lowest = lowestOf(means);
  const last = means[means.length - 1];
  const after = means.length - 1 - means.indexOf(lowest);
  const rise = last.value - lowest.value;
  const noise = spread(heldOut) * Math.sqrt(2 / 3); // of a difference of two means of three
  if (after < Math.max(3, 0.1 * means.length) || rise < leastRise * lowest.value || rise <= clearly * noise) return [];
  return [
    `The held-out loss rises since about ${count(lowest.images)} images: ${number(lowest.value)} there, ${number(last.value)} at the end (${percent(rise / lowest.value)} more).`,
  ];
}

/** The loss in training is far below the held-out loss, although that is measured with the better, averaged weights. */
function memorising({ config, data, stats }: WarningFacts): string[] {
  if (isFew(config, data)) return [];
  const last = stats.slice(-Math.max(3, Math.ceil(stats.length / 10)));
  const heldOut = heldOutOf(last);
  if (heldOut.length < 3) return [];
  const [training, other] = [meanOf(lossesOf(last)), meanOf(heldOut)];
  if (training > (1 - leastGap) * other) return [];
  return [
    `The loss in training is ${percent(1 - training / other)} below the held-out loss at the end (${number(training)} against ${number(other)}): the network knows the ${nounOf(config.model)}s that it trains on.`,
  ];
}

function fewHeldOut({ config, data }: WarningFacts): string[] {
  if (!isFew(config, data)) return [];
  const samples = samplesInLoss(config, data.length ?? 0);
  const noun = nounOf(config.model);
  const what = samples === 1 ? `the loss of one ${noun}` : `a mean over only ${samples} ${noun}s`;
  return [`The held-out loss is ${what}, so it says little.`];
}

/** Whether there is a held-out loss of so few samples that its course means nothing. */
function isFew(config: WarningFacts['config'], { length = 0 }: WarningFacts['data']): boolean {
  const samples = samplesInLoss(config, length);
  return samples > 0 && samples < fewestHeldOut;
}

/** How often a sample was seen, where that is unusual. Samples of a formula are all new. */
function repeats({ state, images, config, data: { name, length } }: WarningFacts): string[] {
  if (length === undefined || isEndless(config.source ?? name)) return [];
  const noun = nounOf(config.model);
  const { validation } = config.training;
  const times = images / length;
  if (state === 'finished' && validation === 0 && times < 1)
    return [
      `The run saw ${count(images)} images of ${count(length)}, so ${percent(1 - times)} of the ${noun}s were never used.`,
    ];
  if (validation > 0 || times < manyTimes) return [];
  return [
    `Each ${noun} was seen ${count(Math.round(times))} times and none is held out, so memorising would not show in the losses.`,
  ];
}

function skippedFiles({ data: { skipped } }: WarningFacts): string[] {
  if (skipped.length === 0) return [];
  const [{ name, reason }] = skipped;
  const told = skipped.length === 1 ? 'One file was skipped' : `${count(skipped.length)} files were skipped, such as`;
  return [`${told}${skipped.length === 1 ? ':' : ''} ${name} (${reason}).`];
}

const lossesOf = (stats: WarningFacts['stats']): Numbers => stats.map(({ images, loss }) => ({ images, value: loss }));

const heldOutOf = (stats: WarningFacts['stats']): Numbers =>
  stats.flatMap(({ images, validationLoss }) =>
    validationLoss === undefined ? [] : [{ images, value: validationLoss }],
  );

const lowestOf = (values: Numbers): Numbers[number] => values.reduce((a, b) => (b.value < a.value ? b : a));

const meanOf = (values: Numbers): number => values.reduce((sum, { value }) => sum + value, 0) / values.length;
