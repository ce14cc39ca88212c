import { count, printable } from '@rin/core';
import type { Model } from '../../diffusion/modelFile.js';
import { writeOutput } from '../../disk/output.js';
import type { MediumFormats } from '../../media/formats.js';
import { encodeSheet, frameSheet, pairOf } from '../../media/sampleSheet.js';
import type { Comparison, TrainingPictures } from '../../report/trainingPictures.js';
import type { Given } from '../terminal/command.js';
import { dataLine } from '../terminal/progressLines.js';
import { showPicture } from '../terminal/showPicture.js';
import type { Drawn, DrawOptions } from './draw.js';
import { formatOf } from './outputs.js';

/** Pairs in a row. A pair is two pictures wide. */
const usualPairs = 4;

type Watch = Pick<DrawOptions, 'screen' | 'signal'>;

/** Opens the training pictures of a model before it draws, because they may be missing. */
export async function trainingPictures(
  file: string,
  { config }: Model,
  given: Given,
  { screen, signal }: Watch,
): Promise<TrainingPictures> {
  const { openTrainingPictures } = await import('../../report/trainingPictures.js');
  const source = given.text('--data');
  return openTrainingPictures(file, config, {
    ...(source !== undefined && { source }),
    onProgress: (progress) => screen.status(() => dataLine(progress)),
    onNotice: (sentence) => screen.say(sentence),
    signal,
  });
}

/** Writes the pairs of drawn and training samples, and prints how similar they are. Ctrl-C leaves them out. */
export async function writeNearest(
  { images, names }: Drawn,
  pictures: TrainingPictures,
  { shown, outputs, columns = usualPairs, show, screen, signal }: DrawOptions,
): Promise<void> {
  const { nearest: path = 'nearest.png' } = outputs;
  const { compareWithTraining } = await import('../../report/trainingPictures.js');
  const among = `${count(pictures.data.length)} training ${shown.noun}s`;
  let compared: Comparison;
  try {
    compared = await compareWithTraining(pictures, images, {
      onProgress: (share) => screen.status(() => `comparing with ${among} (${Math.floor(100 * share)}%)`),
      signal,
    });
  } catch (error) {
    if (error !== signal.reason) throw error;
    return screen.say(`stopped; ${path} was not written`);
  }
  const pairs = images.map((image, i) => pairOf(shown.view(image), shown.view(compared.nearest[i].image), shown));
  const layout = { names, columns };
  const format = formatOf(path, shown.sheet) ?? shown.sheet[0];
  await writeOutput(path, await encodeSheet(pairs, shown, layout, format, outputs.frameRate));
  if (show && outputs.grid === undefined) await showPicture(frameSheet(pairs, layout), screen);
  screen.say(printable(sentences(path, compared, pictures, shown)));
}

function sentences(
  path: string,
  { mean, own }: Comparison,
  { data, heldOut, mirrored }: TrainingPictures,
  { medium, noun, isWide }: MediumFormats,
): string {
  const without = heldOut > 0 ? `, without the ${count(heldOut)} held-out ones` : '';
  const what = mirrored ? `training ${noun}, or its mirror image,` : `training ${noun}`;
  const isDrawn = formatOf(path, ['png']) !== undefined;
  const where = medium === 'sound' && !isDrawn ? 'after it' : isWide && isDrawn ? 'below it' : 'on its right';
  const beside = `${path}: each ${noun} has its most similar ${what} ${where}, of ${count(data.length)} in ${data.name}${without}`;
  const differ = `they differ by ${mean.toFixed(3)} on average (root mean square of ${medium === 'sound' ? 'values' : 'pixels'} from 0 to 1)`;
  if (own === undefined) return `${beside}\n${differ}`;
  return (
    `${beside}\n${differ}; training ${noun}s differ from the most similar other one by ${own.toFixed(3)}\n` +
    `a similar difference means new ${noun}s; a much smaller one means copies of training ${noun}s, or blurred ones: see the pairs`
  );
}
