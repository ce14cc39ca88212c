import { count, printable } from '@rin/core';
import type { Model } from '../../diffusion/modelFile.js';
import { enlargement, grid } from '../../media/grid.js';
import type { Image } from '../../media/image.js';
import { writePng } from '../../media/png.js';
import { Sheet } from '../../media/sheet.js';
import type { Comparison, TrainingPictures } from '../../report/trainingPictures.js';
import type { Given } from '../terminal/command.js';
import { dataLine } from '../terminal/progressLines.js';
import { showPicture } from '../terminal/showPicture.js';
import type { Drawn, DrawOptions } from './draw.js';

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

/** Writes the pairs of drawn and training pictures, and prints how similar they are. Ctrl-C leaves them out. */
export async function writeNearest(
  { images, names }: Drawn,
  pictures: TrainingPictures,
  { outputs, columns = usualPairs, show, screen, signal }: DrawOptions,
): Promise<void> {
  const { nearest: path = 'nearest.png' } = outputs;
  const { compareWithTraining } = await import('../../report/trainingPictures.js');
  const among = `${count(pictures.data.length)} training pictures`;
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
  const pairs = images.map((image, i) => pair(image, compared.nearest[i].image));
  const sheet = new Sheet(pairs.length, names, columns).draw(pairs);
  await writePng(path, sheet);
  if (show && outputs.grid === undefined) await showPicture(sheet, screen);
  screen.say(printable(sentences(path, compared, pictures)));
}

/** A picture and a training picture, enlarged if they are small. */
const pair = (image: Image, training: Image): Image =>
  grid([image, training], { columns: 2, scale: enlargement(image), margin: 2 });

function sentences(path: string, { mean, own }: Comparison, { data, heldOut, mirrored }: TrainingPictures): string {
  const without = heldOut > 0 ? `, without the ${count(heldOut)} held-out ones` : '';
  const what = mirrored ? 'training picture, or its mirror image,' : 'training picture';
  const beside = `${path}: each picture has its most similar ${what} on its right, of ${count(data.length)} in ${data.name}${without}`;
  const differ = `they differ by ${mean.toFixed(3)} on average (root mean square of pixels from 0 to 1)`;
  if (own === undefined) return `${beside}\n${differ}`;
  return (
    `${beside}\n${differ}; training pictures differ from the most similar other one by ${own.toFixed(3)}\n` +
    'a similar difference means new pictures; a much smaller one means copies of training pictures, or blurred ones: see the pairs'
  );
}
