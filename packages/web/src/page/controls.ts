import { type SamplerName, samplerNames } from '@rin/core';
import { choices, chosenIn, element, make } from './dom.js';
import type { Tiles } from './tiles.js';

/** The controls that the exported page and the studio have. */
export const [form, draw, play, keep] = [
  element('controls', HTMLFormElement),
  element('draw', HTMLButtonElement),
  element('play', HTMLButtonElement),
  element('save', HTMLButtonElement),
];
export const [seed, steps, guidance] = ['seed', 'steps', 'guidance'].map((id) => element(id, HTMLInputElement));
export const [sampler, block] = [element('sampler', HTMLSelectElement), element('block', HTMLSelectElement)];
export const reads = element('reads', HTMLInputElement);
export const [classList, countList] = [element('class-list', HTMLElement), element('counts', HTMLElement)];
export const stepLine = element('step', HTMLElement);
export const progress = element('progress', HTMLProgressElement);
const status = element('status', HTMLElement);

/** How many samples can be drawn together. */
const counts = [1, 4, 9, 16];
/** More classes than this are a list instead of buttons. */
const mostButtons = 24;

/** What a model offers. */
export interface Offer {
  /** names of the classes, by number; empty if there are none */
  readonly classes: readonly string[];
  readonly sampling: { readonly steps: number; readonly sampler: SamplerName; readonly guidance: number };
  /** reads of a pass */
  readonly blocks: number;
  /** place in the list of counts that is chosen at first */
  readonly count: number;
  readonly isClip: boolean;
}

/** Fills the controls with what a model offers. */
export function fillControls({ classes, sampling, blocks, count, isClip }: Offer, tiles: Tiles): void {
  element('classes', HTMLElement).hidden = classes.length === 0;
  const names = ['each in turn', ...classes, 'no class'];
  if (names.length <= mostButtons) choices(classList, 'class', names, 0);
  else {
    const list = make('select', '', { 'aria-label': 'Class' });
    list.append(...names.map((name, value) => make('option', name, { value: String(value) })));
    classList.replaceChildren(list);
  }
  choices(countList, 'count', counts.map(String), count);
  steps.max = String(Math.max(250, sampling.steps));
  steps.value = String(sampling.steps);
  sampler.replaceChildren(...samplerNames.map((name) => make('option', name, { value: name })));
  sampler.value = sampling.sampler;
  element('guidance-field', HTMLElement).hidden = classes.length === 0;
  guidance.max = String(Math.max(8, sampling.guidance));
  const tenths = 10 * sampling.guidance;
  guidance.step = Math.abs(tenths - Math.round(tenths)) < 1e-9 ? '0.1' : 'any'; // a slider rounds to its steps
  guidance.value = String(sampling.guidance);
  const options = ['all', ...Array.from({ length: blocks }, (_, i) => String(i + 1))];
  block.replaceChildren(...options.map((name, value) => make('option', name, { value: String(value) })));
  play.hidden = !isClip;
  if (isClip) setPlaying(!matchMedia('(prefers-reduced-motion: reduce)').matches, tiles);
  showValues();
}

/** How many samples are to be drawn. */
const chosenCount = (): number => counts[chosenIn(countList)];

/** What the controls ask for. @param classes names of the classes, by number */
export function chosen(classes: readonly string[]) {
  const seeds = Array.from({ length: chosenCount() }, (_, i) => Number(seed.value) + i);
  const choice = chosenIn(classList); // 0 = each in turn, then the classes, then none
  const classOf = (each: number): number => (choice === 0 ? each % classes.length : choice - 1);
  const named = (each: number): string => (classes.length > 0 ? `${classes[classOf(each)] ?? 'no class'}, ` : '');
  return {
    names: seeds.map((each) => `${named(each)}seed ${each}`),
    request: {
      ...{ seeds, steps: Number(steps.value), sampler: samplerNames.find((name) => name === sampler.value) },
      ...(classes.length > 0 && {
        guidance: Number(guidance.value),
        ...(choice > 0 && { classes: [choice > classes.length ? null : choice - 1] }),
      }),
    },
  };
}

/**
 * Where the network looks, if it is to be shown: the mean of all reads, or one of them.
 * @param looks maps by sample, then by read
 */
export function attention(looks: readonly (readonly Float32Array[])[] | undefined): Float32Array[] | undefined {
  if (!reads.checked || !looks) return undefined;
  const read = Number(block.value);
  return looks.map((maps) => {
    if (read > 0) return maps[read - 1];
    return maps[0].map((_, i) => maps.reduce((sum, map) => sum + map[i], 0) / maps.length);
  });
}

/** Says how far a drawing is. */
export function showStep({ step, steps: all }: { readonly step: number; readonly steps: number }): void {
  progress.max = all;
  progress.value = step;
  stepLine.textContent = `Step ${step} of ${all}`;
}

/** Says something in the line below the samples. Screen readers read it aloud. */
export function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

/** Plays the clips, or lets them stand still. */
export function setPlaying(isPlaying: boolean, tiles: Tiles): void {
  tiles.play(isPlaying);
  play.textContent = isPlaying ? 'Pause' : 'Play';
}

/** The name of a file with the samples. */
export const fileName = (what: string): string => `${what}-${seed.value}`.replace(/[^\p{L}\p{N}-]+/gu, '-');

function showValues(): void {
  element('steps-value', HTMLOutputElement).value = steps.value;
  element('guidance-value', HTMLOutputElement).value = guidance.value;
}

/** What the controls do. */
export interface Actions {
  readonly drawNow: () => Promise<void>;
  /** the drawing that goes on, if one does */
  readonly drawing: () => AbortController | undefined;
  readonly tiles: () => Tiles | undefined;
}

/** Lets the form, Escape, "Next" and "Play" act. */
export function listen({ drawNow, drawing, tiles }: Actions): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const now = drawing();
    if (now) now.abort();
    else void drawNow();
  });
  form.addEventListener('input', showValues);
  addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') drawing()?.abort();
  });
  element('next-seed', HTMLButtonElement).addEventListener('click', () => {
    seed.value = String(Number(seed.value) + chosenCount());
    void drawNow();
  });
  play.addEventListener('click', () => {
    const shown = tiles();
    if (shown) setPlaying(!shown.isPlaying, shown);
  });
}
