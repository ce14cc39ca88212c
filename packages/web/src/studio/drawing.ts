import { samplerNames } from '@rin/core';
import { choices, chosenIn, element, make } from '../page/dom.js';
import { save } from '../page/save.js';
import { playSound } from '../page/sound.js';
import { Tiles } from '../page/tiles.js';
import type { Picture } from '../picture.js';
import { draw } from './ask.js';
import type { DrawnSamples, DrawSettings, RunDetails } from './protocol.js';

const [form, button, play, keep] = [
  element('controls', HTMLFormElement),
  element('draw', HTMLButtonElement),
  element('play', HTMLButtonElement),
  element('save', HTMLButtonElement),
];
const [classList, countList] = [element('class-list', HTMLElement), element('counts', HTMLElement)];
const [seed, steps, guidance] = ['seed', 'steps', 'guidance'].map((id) => element(id, HTMLInputElement));
const [model, sampler, block] = ['model', 'sampler', 'block'].map((id) => element(id, HTMLSelectElement));
const reads = element('reads', HTMLInputElement);
const [stepLine, status] = [element('step', HTMLElement), element('status', HTMLElement)];
const progress = element('progress', HTMLProgressElement);
const [problem, problemText] = [element('draw-problem', HTMLElement), element('draw-problem-text', HTMLElement)];

/** How many samples can be drawn together. */
const counts = [1, 4, 9, 16];
/** More classes than this are a list instead of buttons. */
const mostButtons = 24;

/** The run that is drawn from. */
interface Subject {
  readonly details: RunDetails;
  readonly settings: DrawSettings;
  readonly tiles: Tiles;
}
let subject: Subject | undefined;
let drawing: AbortController | undefined;
/** where the network looks in what is shown: by sample, then by read */
let looks: readonly (readonly Float32Array[])[] | undefined;

/** Offers the weights of a run. The controls stay as they are while the run stays the same. */
export function showDrawing(details: RunDetails): void {
  const { drawing: settings, noDrawing, models, run } = details;
  const why = noDrawing ?? (models.length === 0 ? 'The run has no model yet: it comes with the first checkpoint.' : '');
  element('no-drawing', HTMLElement).textContent = why;
  element('no-drawing', HTMLElement).hidden = why === '';
  element('drawing', HTMLElement).hidden = why !== '';
  if (!settings || why !== '') return;
  if (subject?.details.run !== run || JSON.stringify(subject.settings) !== JSON.stringify(settings)) {
    drawing?.abort();
    subject = { details, settings, tiles: setUp(settings) };
  }
  if ([...model.options].map(({ value }) => value).join('\n') === models.map(({ id }) => id).join('\n')) return;
  const chosen = models.some(({ id }) => id === model.value) ? model.value : models[0].id;
  model.replaceChildren(...models.map(({ id, title }) => make('option', title, { value: id })));
  model.value = chosen;
}

/** Fills the controls with what the models offer. */
function setUp({ medium, classes, rate, grid, slice, blocks, ...sampling }: DrawSettings): Tiles {
  const patches = { grid, slice, before: 0 };
  const tiles = new Tiles(element('tiles', HTMLElement), patches, rate, (sound) => playSound(sound, rate));
  subject?.tiles.play(false);
  element('tiles', HTMLElement).replaceChildren();
  element('classes', HTMLElement).hidden = classes.length === 0;
  const names = ['each in turn', ...classes, 'no class'];
  if (names.length <= mostButtons) choices(classList, 'class', names, 0);
  else {
    const list = make('select', '', { 'aria-label': 'Class' });
    list.append(...names.map((name, value) => make('option', name, { value: String(value) })));
    classList.replaceChildren(list);
  }
  choices(countList, 'count', counts.map(String), 1);
  steps.max = String(Math.max(250, sampling.steps));
  steps.value = String(sampling.steps);
  sampler.replaceChildren(...samplerNames.map((name) => make('option', name, { value: name })));
  sampler.value = sampling.sampler;
  element('guidance-field', HTMLElement).hidden = classes.length === 0;
  guidance.max = String(Math.max(8, sampling.guidance));
  guidance.value = String(sampling.guidance);
  const options = ['all', ...Array.from({ length: blocks }, (_, i) => String(i + 1))];
  block.replaceChildren(...options.map((name, value) => make('option', name, { value: String(value) })));
  play.hidden = medium !== 'clip';
  if (medium === 'clip') setPlaying(!matchMedia('(prefers-reduced-motion: reduce)').matches, tiles);
  looks = undefined;
  keep.disabled = true;
  progress.value = 0;
  stepLine.textContent = '';
  problem.hidden = true;
  say('');
  showValues();
  return tiles;
}

/** Draws what the controls say. */
async function drawNow(): Promise<void> {
  if (!subject) return;
  const { details, settings, tiles } = subject;
  drawing?.abort();
  const own = new AbortController();
  drawing = own;
  problem.hidden = true;
  const seeds = Array.from({ length: counts[chosenIn(countList)] }, (_, i) => Number(seed.value) + i);
  const { classes } = settings;
  const chosen = chosenIn(classList);
  const classOf = (each: number): number => (chosen === 0 ? each % classes.length : chosen - 1);
  const named = (each: number): string => (classes.length > 0 ? `${classes[classOf(each)] ?? 'no class'}, ` : '');
  const names = seeds.map((each) => `${named(each)}seed ${each}`);
  tiles.lay(names, settings);
  looks = undefined;
  button.textContent = 'Stop drawing';
  keep.disabled = true;
  say('Drawing');
  try {
    const request = {
      ...{ run: details.run, model: model.value, seeds, reads: reads.checked, steps: Number(steps.value) },
      sampler: samplerNames.find((name) => name === sampler.value),
      ...(classes.length > 0 && {
        guidance: Number(guidance.value),
        ...(chosen > 0 && { classes: [chosen > classes.length ? null : chosen - 1] }),
      }),
    };
    for await (const event of draw(request, own.signal)) {
      if (event.type === 'waiting') say('Waiting for another drawing');
      else if (event.type === 'loading') say('Loading the weights');
      else if (event.type === 'failed') throw new Error(event.message);
      else if (event.type === 'step') {
        say('Drawing');
        progress.max = event.steps;
        progress.value = event.step;
        stepLine.textContent = `Step ${event.step} of ${event.steps}`;
        if (event.samples) show(tiles, event.samples);
      } else {
        show(tiles, event.samples);
        say(`Drawn in ${event.seconds.toFixed(1)} s`);
        keep.disabled = false;
      }
    }
  } catch (error) {
    if (drawing === own) say(own.signal.aborted ? 'Stopped' : '');
    if (!own.signal.aborted) {
      problemText.textContent = error instanceof Error ? error.message : String(error);
      problem.hidden = false;
    }
  }
  if (drawing !== own) return; // another drawing has begun
  drawing = undefined;
  button.textContent = 'Draw';
}

function show(tiles: Tiles, { medium, shape, pictures, reads: maps }: DrawnSamples): void {
  looks = maps?.map((each) => each.map((text) => new Float32Array(bytesOf(text).buffer)));
  const shown: Picture[] = pictures.map((text) => ({ medium, shape, data: bytesOf(text) }));
  tiles.show(shown, attention());
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Where the network looks, if it is to be shown: the mean of all reads, or one of them. */
function attention(): Float32Array[] | undefined {
  if (!reads.checked || !looks) return undefined;
  const chosen = Number(block.value);
  return looks.map((maps) => {
    if (chosen > 0) return maps[chosen - 1];
    return maps[0].map((_, i) => maps.reduce((sum, map) => sum + map[i], 0) / maps.length);
  });
}

/** Says something in the line below the samples. Screen readers read it aloud. */
function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function showValues(): void {
  element('steps-value', HTMLOutputElement).value = steps.value;
  element('guidance-value', HTMLOutputElement).value = guidance.value;
}

function setPlaying(isPlaying: boolean, tiles: Tiles): void {
  tiles.play(isPlaying);
  play.textContent = isPlaying ? 'Pause' : 'Play';
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (drawing) drawing.abort();
  else void drawNow();
});
form.addEventListener('input', showValues);
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') drawing?.abort();
});
element('next-seed', HTMLButtonElement).addEventListener('click', () => {
  seed.value = String(Number(seed.value) + counts[chosenIn(countList)]);
  void drawNow();
});
for (const input of [reads, block])
  input.addEventListener('change', () => {
    const pictures = subject?.tiles.pictures ?? [];
    if (reads.checked && !looks && (drawing || pictures.length > 0))
      void drawNow(); // the maps come with the steps
    else subject?.tiles.show(pictures, attention());
  });
play.addEventListener('click', () => subject && setPlaying(!subject.tiles.isPlaying, subject.tiles));
keep.addEventListener('click', () => {
  if (!subject) return;
  const name = `${subject.details.run}-${seed.value}`.replace(/[^\p{L}\p{N}-]+/gu, '-');
  void save(subject.tiles.pictures, name, subject.settings.rate);
});
