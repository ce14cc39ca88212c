import { bytes, count, UsageError } from '@rin/core';
import { findAny, findClips } from '../../data/find.js';
import { type PictureHeaders, type PixelSpread, type Survey, surveyData } from '../../data/survey.js';
import { writePng } from '../../media/png.js';
import type { Given } from '../terminal/command.js';
import { dataLine } from '../terminal/progressLines.js';
import type { Screen } from '../terminal/screen.js';
import { clipInfo } from './clipInfo.js';
import { clipSheet } from './clipSheet.js';
import { contactSheet } from './contactSheet.js';
import { proposalOf } from './dataProposal.js';
import { makeFileReady } from './outputs.js';
import { headline, mostLines, some } from './someLines.js';
import { soundInfo, soundSheet } from './soundInfo.js';

/** Prints the contents of a source, and draws a sheet of it if one was requested. */
export async function info(source: string, given: Given, screen: Screen, signal: AbortSignal): Promise<void> {
  const sheet = given.text('--sheet');
  if (sheet !== undefined && !/\.png$/i.test(sheet)) {
    throw new UsageError(`--sheet ${sheet}: expected the name of a PNG file, such as sheet.png`);
  }
  if (sheet !== undefined) await makeFileReady(sheet);
  const found = given.has('--clips') ? await findClips(source, { signal }) : await findAny(source, { signal });
  const isTimed = !given.has('--quick');
  if (found.medium === 'clip') {
    await clipInfo(found, isTimed, screen, signal);
    if (sheet === undefined) return;
    await writePng(sheet, await clipSheet(found));
    screen.say(`${sheet}: some of the clips`);
    return;
  }
  if (found.medium === 'sound') {
    await soundInfo(found, isTimed, screen);
    if (sheet === undefined) return;
    await writePng(sheet, await soundSheet(found));
    screen.say(`${sheet}: some of the sounds`);
    return;
  }
  const survey = await surveyData(source, {
    signal,
    onProgress: (progress) => screen.status(() => dataLine(progress)),
  });
  for (const line of lines(survey)) screen.say(line);
  for await (const line of proposalOf(source, survey, isTimed)) screen.say(line);
  if (sheet === undefined) return;
  await writePng(sheet, await contactSheet(source, survey.headers));
  screen.say(`${sheet}: some of the pictures`);
}

function* lines({ name, notice, pictures, classes, headers, skipped, caches }: Survey): Generator<string> {
  const { formats, sizes, widths, heights, grey } = headers;
  yield headline(name, 'picture', { all: pictures, classes: classes.length, unusable: skipped.length });
  if (notice !== undefined) yield* notice.split('\n');
  const readable = [...sizes.values()].reduce((sum, times) => sum + times, 0);
  const colours = grey === 0 ? 'colour' : grey === readable ? 'grey' : `${count(grey)} of them grey`;
  const kinds = [...formats].map(([format, times]) => `${format} ${count(times)}`).join(', ');
  yield `formats  ${kinds || 'none that can be read'}; ${colours}`;
  yield `sizes    ${sizeText(sizes)}`;
  if (sizes.size > 1) yield `         ${spreadText('width', widths)}; ${spreadText('height', heights)}`;
  for (const cache of caches) {
    const [channels, height, width] = cache.shape;
    const how = `${width}×${height} ${channels === 1 ? 'grey' : 'colour'}, ${cache.resize}, on ${cache.background}`;
    yield `cached   ${how}: ${bytes(cache.bytes)} in ${cache.folder}`;
  }
  if (caches.length === 0) yield 'cached   nothing yet';
  yield* some(skipped, mostLines.skipped, (each) => `unusable ${each.name}: ${each.reason}`);
  const width = classes.reduce((widest, each) => Math.max(widest, count(each.pictures).length), 0);
  yield* some(classes, mostLines.classes, (each) => `${count(each.pictures).padStart(width + 2)}  ${each.name}`);
  const classless = classes.reduce((rest, each) => rest - each.pictures, pictures);
  if (classes.length > 0 && classless > 0) yield `${count(classless).padStart(width + 2)}  (no class)`;
}

function sizeText(sizes: PictureHeaders['sizes']): string {
  const [first] = sizes.keys();
  if (sizes.size < 2) return first ? `all ${first}` : 'unknown';
  const frequent = [...sizes].slice(0, mostLines.sizes).map(([size, times]) => `${size} ${count(times)}`);
  return `${count(sizes.size)} different, most often ${frequent.join(', ')}`;
}

const spreadText = (what: string, { least, median, most: largest }: PixelSpread): string =>
  `${what} ${count(least)} to ${count(largest)}, median ${count(median)}`;
