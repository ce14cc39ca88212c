import { bytes, count, quoted } from '@rin/core';
import { classCount } from '../../data/classes.js';
import { type ClipSurvey, surveyClips } from '../../data/clipSurvey.js';
import type { FoundClips } from '../../data/find.js';
import { median } from '../../data/median.js';
import { proposalForClips } from '../../training/clipProposal.js';
import { calling } from '../terminal/calling.js';
import { dataLine } from '../terminal/progressLines.js';
import type { Screen } from '../terminal/screen.js';
import { clipProposalOf } from './dataProposal.js';
import { headline, mostLines, some } from './someLines.js';

/** Prints the contents of a source of clips, and proposes a training. @param isTimed as for `clipProposalOf` */
export async function clipInfo(
  source: FoundClips,
  isTimed: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  if (source.built) {
    const { classes } = await source.list();
    screen.say(`${source.name}: clips of the built-in pictures, which move and turn; each is made when it is needed`);
    screen.say(`classes  ${classes.join(', ')}`);
    screen.say(`command  ${calling} train --data ${quoted(source.place)}`);
    return;
  }
  const survey = await surveyClips(source, {
    signal,
    onProgress: (progress) => screen.status(() => dataLine(progress)),
  });
  for (const line of lines(survey)) screen.say(line);
  const { recordings, classes } = survey;
  if (recordings.length === 0) return;
  const proposal = proposalForClips(recordings, classCount(classes));
  for await (const line of clipProposalOf(source.place, proposal, isTimed)) screen.say(line);
}

function* lines({ name, notice, classes, recordings, skipped, caches }: ClipSurvey): Generator<string> {
  const all = recordings.length + skipped.length;
  yield headline(name, 'recording', { all, classes: classes.length, unusable: skipped.length });
  if (notice !== undefined) yield* notice.split('\n');
  yield `formats  ${frequent(recordings.map(({ format }) => format)) || 'none that can be read'}`;
  yield `sizes    ${frequent(recordings.map(({ width, height }) => `${width}×${height}`)) || 'unknown'}`;
  yield `frames   ${spread(recordings.map(({ frames }) => frames)) || 'unknown'}`;
  const timed = recordings.flatMap(({ rate, frames }) =>
    rate === undefined ? [] : [{ rate, seconds: frames / rate }],
  );
  yield `rate     ${frequent(timed.map(({ rate }) => Number(rate.toFixed(2)))) || 'unknown'}${timed.length > 0 ? ' frames per second' : ''}`;
  if (timed.length > 0)
    yield `length   ${spread(
      timed.map(({ seconds }) => seconds),
      (value) => `${value.toFixed(1)} s`,
    )}`;
  for (const { shape, resize, background, frameRate, stride, bytes: size, folder } of caches) {
    const [channels, frames, height, width] = shape;
    const rate = frameRate === undefined ? '' : `, ${frameRate} frames per second`;
    const how = `${frames}×${height}×${width} ${channels === 1 ? 'grey' : 'colour'}, every ${stride} frames${rate}, ${resize}, on ${background}`;
    yield `cached   ${how}: ${bytes(size)} in ${folder}`;
  }
  if (caches.length === 0) yield 'cached   nothing yet';
  yield* some(skipped, mostLines.skipped, (each) => `unusable ${each.name}: ${each.reason}`);
  const width = classes.reduce((widest, each) => Math.max(widest, count(each.recordings).length), 0);
  yield* some(classes, mostLines.classes, (each) => `${count(each.recordings).padStart(width + 2)}  ${each.name}`);
}

/** Most different values that are named. */
const mostNamed = 4;

/** `gif 2,000, webp 48` */
export function frequent(values: readonly (string | number)[]): string {
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size === 1) return `all ${[...counts.keys()][0]}`;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const named = sorted.slice(0, mostNamed).map(([value, times]) => `${value} ${count(times)}`);
  return [...named, ...(sorted.length > mostNamed ? ['…'] : [])].join(', ');
}

/** `47 to 109, median 65` */
export function spread(values: readonly number[], text: (value: number) => string = count): string {
  if (values.length === 0) return '';
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  if (least === most) return `all ${text(least)}`;
  return `${text(least)} to ${text(most)}, median ${text(median(values.map((value) => [value, 1])))}`;
}
