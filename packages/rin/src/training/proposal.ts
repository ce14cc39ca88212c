import { count, geometry, sizeList } from '@rin/core';
import { median } from '../data/median.js';
import type { PictureTraits } from '../data/traits.js';
import { expectedResult, type Kind } from './expectations.js';
import { loadPreset } from './presets.js';

/** What a proposal depends on. */
export interface DataFacts extends PictureTraits {
  /** number of pictures */
  readonly pictures: number;
  /** number of classes; 0 = none */
  readonly classes: number;
}

/** The presets that are proposed. The others are of published results and of measurements. */
export type ProposedPreset = 'mnist' | 'sprites-32' | 'cifar10-small' | 'photos-64' | 'emoji-64';

/** A configuration that fits the data. `loadPreset(preset, changes)` makes it. */
export interface Proposal {
  readonly preset: ProposedPreset;
  readonly changes: {
    readonly model: {
      /** N for a square, or [H, W] */
      readonly size: number | readonly number[];
      readonly patch: number;
      readonly channels: number;
      readonly classes: number;
    };
    readonly training: { readonly images: number };
  };
  /** why, with one sentence for each part */
  readonly why: { readonly preset: string; readonly size: string; readonly patch: string; readonly images: string };
  /** what to expect of the result, in a sentence */
  readonly expect: string;
}

/** Shorter side in pixels from which pictures get a preset for larger ones. */
const large = 48;

/** Largest grey pictures for the preset of handwritten digits. */
const mostOfDigits = 32;

/** The fewest patches along a side. Small pictures get smaller patches. */
const fewestPatches = 4;

/** Images seen: 4,200 · √pictures. This gives 38k for 83 pictures, and it is at least 20k. */
const imagesOfPicture = 4200;
const fewestImages = 20_000;

/** Most images, if this is not the preset's own number. The number of `emoji-64` is for its 83 pictures. */
const mostImages: Partial<Record<ProposedPreset, number>> = { 'emoji-64': 200_000 };

/**
 * Proposes a configuration for data. It depends on the arguments and the presets only.
 *
 * - Preset: by kind and size of the pictures. The size is the median of their shorter sides, or the given one.
 * - Size: that of the preset, or of the pictures if they are smaller, so that most are not enlarged.
 * - Images: 4,200 · √pictures, at least 20k, and at most the preset's number (for `emoji-64` 200k).
 * @param facts  at least one size
 * @param wanted the size of the samples, if it is decided already: N or [H, W]
 */
export function proposalFor(facts: DataFacts, wanted?: number | readonly number[]): Proposal {
  const { pictures, classes, grey, drawn } = facts;
  const own = medianSide(facts.sizes);
  const side = wanted === undefined ? own : Math.min(...sizeList(wanted));
  const preset = presetFor(side, grey, drawn);
  const { model, training } = loadPreset(preset);
  const usual = preset === 'mnist' ? mostOfDigits : Math.min(...sizeList(model.size));
  const usualPatch = Math.min(...sizeList(model.patch));
  const fitting = ownSize(Math.min(side, usual), usualPatch);
  const size = wanted ?? fitting.size;
  const patch = fitting.patch;
  const images = imagesFor(pictures, mostImages[preset] ?? training.images);
  const kind: Kind = preset === 'mnist' ? 'grey' : drawn ? 'drawn' : 'photographs';
  const { tokens } = geometry({ size: fitting.size, patch, channels: 1 });
  return {
    preset,
    changes: { model: { size, patch, channels: grey ? 1 : 3, classes }, training: { images } },
    why: {
      preset: `${kindText(facts)} of ${own} pixels`,
      size: sizeReason(wanted, own, fitting.size),
      patch: `patches of ${patch}${wanted === undefined ? ` make ${count(tokens)} tokens` : ''}${patch < usualPatch ? ', because the pictures are small' : ''}`,
      images: timesText(images, pictures),
    },
    expect: expectedResult(kind, pictures, classes),
  };
}

function presetFor(side: number, grey: boolean, drawn: boolean): ProposedPreset {
  if (grey && side <= mostOfDigits) return 'mnist';
  if (side < large) return drawn ? 'sprites-32' : 'cifar10-small';
  return drawn ? 'emoji-64' : 'photos-64';
}

/** `drawn pictures`, `grey photographs` */
const kindText = ({ grey, drawn }: Pick<DataFacts, 'grey' | 'drawn'>): string =>
  grey ? (drawn ? 'grey drawings' : 'grey photographs') : drawn ? 'drawn pictures' : 'photographs';

function sizeReason(wanted: unknown, own: number, size: number): string {
  if (wanted !== undefined) return 'the given size';
  if (own === size) return 'the size of the pictures';
  return `${own > size ? 'reduced' : 'enlarged'} from ${own} pixels`;
}

/**
 * The largest size of at most `side` that patches divide, with the patch. The patch is halved while a side has fewer than four.
 * @param patch that of the preset
 */
export function ownSize(side: number, patch: number): { size: number; patch: number } {
  let smaller = patch;
  while (smaller > 1 && side < fewestPatches * smaller) smaller = Math.floor(smaller / 2);
  return { size: Math.floor(side / smaller) * smaller, patch: smaller };
}

/** Images seen, with two digits. @param samples pictures, clips or sounds */
export function imagesFor(samples: number, most: number): number {
  const rule = Math.max(fewestImages, imagesOfPicture * Math.sqrt(samples));
  return Math.min(most, Number(rule.toPrecision(2)));
}

/** `each picture about 54 times` */
export function timesText(images: number, samples: number, noun = 'picture'): string {
  const times = images / samples;
  if (times < 1) return `about ${Math.max(1, Math.round(100 * times))}% of the ${noun}s, each once`;
  return `each ${noun} about ${times < 9.95 ? Number(times.toPrecision(2)) : count(Math.round(times))} times`;
}

/** The median of the shorter sides. @param sizes pictures by `WIDTH×HEIGHT` */
const medianSide = (sizes: PictureTraits['sizes']): number =>
  median([...sizes].map(([size, times]) => [Math.min(...size.split('×').map(Number)), times]));
