import { compand, count, quoted, RinError } from '@rin/core';
import { classCount } from '../../data/classes.js';
import { resampleSound } from '../../data/decoding/sounds/resampleSound.js';
import type { FoundSounds } from '../../data/find.js';
import { readPart } from '../../data/sources/readPart.js';
import type { Recording } from '../../data/sources/recording.js';
import { spreadOver } from '../../data/spreadOver.js';
import { grid } from '../../media/grid.js';
import type { Image } from '../../media/image.js';
import type { Sound } from '../../media/sound.js';
import { readWav, type Wave } from '../../media/wav.js';
import { waveform } from '../../media/waveform.js';
import { proposalForSounds } from '../../training/clipProposal.js';
import { calling } from '../terminal/calling.js';
import type { Screen } from '../terminal/screen.js';
import { frequent, spread } from './clipInfo.js';
import { clipProposalOf } from './dataProposal.js';
import { headline, mostLines, some } from './someLines.js';

/** Prints the contents of a source of sounds, and proposes a training. @param isTimed as for `clipProposalOf` */
export async function soundInfo(source: FoundSounds, isTimed: boolean, screen: Screen): Promise<void> {
  const { recordings, classes } = await source.list();
  if (source.built) {
    screen.say(`${source.name}: sounds made by formulas; each is made when it is needed`);
    screen.say(`classes  ${classes.join(', ')}`);
    screen.say(`command  ${calling} train --data ${quoted(source.place)}`);
    return;
  }
  const read = recordings.map((each) => ({ ...each, ...opened(each) }));
  const waves = read.flatMap(({ wave }) => wave ?? []);
  const lost = read.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }]));
  const all = recordings.length;
  screen.say(headline(source.name, 'sound', { all, classes: classes.length, unusable: lost.length }));
  for (const line of source.notice?.split('\n') ?? []) screen.say(line);
  screen.say(`rate     ${frequent(waves.map(({ rate }) => rate)) || 'unknown'} samples per second`);
  screen.say(`channels ${frequent(waves.map(({ channels }) => channels.length)) || 'unknown'}`);
  const seconds = waves.map(({ rate, channels }) => channels[0].length / rate);
  screen.say(`length   ${spread(seconds, (value) => `${value.toFixed(2)} s`) || 'unknown'}`);
  for (const line of some(lost, mostLines.skipped, (each) => `unusable ${each.name}: ${each.reason}`)) screen.say(line);
  const counts = classes.map((name, label) => ({
    name,
    sounds: recordings.filter((each) => each.label === label).length,
  }));
  const width = Math.max(0, ...counts.map(({ sounds }) => count(sounds).length));
  for (const line of some(
    counts,
    mostLines.classes,
    (each) => `${count(each.sounds).padStart(width + 2)}  ${each.name}`,
  ))
    screen.say(line);
  if (waves.length === 0) return;
  const proposal = proposalForSounds(waves, classCount(counts));
  for await (const line of clipProposalOf(source.place, proposal, isTimed)) screen.say(line);
}

function opened({ parts }: Recording): { wave?: Wave; reason?: string } {
  try {
    return { wave: readWav(readPart(parts[0])) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Sounds of a class, most sounds, and samples of a waveform. */
const [ofClass, most, drawn] = [4, 64, 4096];

/** Waveforms of some sounds of each class, or of some of all. */
export async function soundSheet(source: FoundSounds): Promise<Image> {
  const { recordings, classes } = await source.list();
  const images: Image[] = [];
  const labels: string[] = [];
  if (source.built) {
    const data = await source.built([1, drawn], 8000);
    for (const [label, name] of classes.entries()) {
      labels.push(name);
      for (let index = 0, found = 0; found < ofClass; index++) {
        if (data.label(index) !== label) continue;
        const sound: Sound = { data: new Uint8Array(drawn), shape: data.shape };
        data.read(index, sound.data);
        images.push(waveform(sound));
        found++;
      }
    }
    return grid(images, { columns: ofClass, labels });
  }
  for (const recording of spreadOver(recordings, most)) {
    const { wave } = opened(recording);
    if (!wave) continue;
    const rate = Math.max(1, Math.floor((wave.rate * drawn) / wave.channels[0].length)); // the whole sound in one waveform
    const data = new Uint8Array(drawn).fill(128);
    data.set(compand(resampleSound(wave.channels[0], wave.rate, Math.min(rate, wave.rate))).subarray(0, drawn));
    images.push(waveform({ data, shape: [1, drawn] }));
  }
  if (images.length === 0) throw new RinError(`${source.place}: none of its sounds can be read, so there is no sheet`);
  return grid(images, { columns: ofClass });
}
