import { bytes, geometry, samplerNames } from '@rin/core';
import { engineTitles } from '../engine.js';
import { load } from '../load.js';
import type { WebModel } from '../model.js';
import type { SampleStep } from '../picture.js';
import { choices, chosenIn, element, make } from './dom.js';
import { save } from './save.js';
import { playSound } from './sound.js';
import { Tiles } from './tiles.js';

const [form, draw, play, keep] = [
  element('controls', HTMLFormElement),
  element('draw', HTMLButtonElement),
  element('play', HTMLButtonElement),
  element('save', HTMLButtonElement),
];
const [classList, countList] = [element('class-list', HTMLElement), element('counts', HTMLElement)];
const [seed, steps, guidance, frames] = ['seed', 'steps', 'guidance', 'frames'].map((id) =>
  element(id, HTMLInputElement),
);
const [sampler, block] = [element('sampler', HTMLSelectElement), element('block', HTMLSelectElement)];
const reads = element('reads', HTMLInputElement);
const [stepLine, status] = [element('step', HTMLElement), element('status', HTMLElement)];
const progress = element('progress', HTMLProgressElement);
const [problem, problemText] = [element('problem', HTMLElement), element('problem-text', HTMLElement)];

/** How many samples can be drawn together. */
const counts = [1, 4, 9, 16];
/** More classes than this are a list instead of buttons. */
const mostButtons = 24;
/** A pass that takes longer than this in ms begins with one sample instead of four. */
const slow = 80;

/** What is on the page, from the first model on. */
interface Loaded {
  readonly model: WebModel;
  readonly tiles: Tiles;
}
let loaded: Loaded | undefined;
let drawing: AbortController | undefined;
let shown: SampleStep | undefined;

/** Loads the model, and draws. */
async function begin(): Promise<void> {
  problem.hidden = true;
  say('Loading');
  try {
    const model = await load('./', {
      onProgress: ({ loaded: come, total }) => {
        progress.max = total;
        progress.value = come;
        stepLine.textContent = `${bytes(come)} of ${bytes(total)}`;
      },
    });
    loaded = { model, tiles: loaded?.tiles ?? setUp(model) };
  } catch (error) {
    return fail(error);
  }
  draw.disabled = false;
  draw.textContent = 'Draw';
  await drawNow();
}

/** Fills the controls with what the model offers. */
function setUp(model: WebModel): Tiles {
  const { config, playRate, outputs } = model.manifest;
  const { sampling, model: network } = config;
  const { predicted, patch } = geometry(network);
  const slice = predicted.grid.length === 3 ? patch[0] : 1;
  const tiles = new Tiles(
    element('tiles', HTMLElement),
    { grid: predicted.grid, slice, before: network.givenFrames ?? 0 },
    playRate,
    (sound) => playSound(sound, playRate),
  );
  element('classes', HTMLElement).hidden = network.classes === 0;
  const names = classNames(model);
  if (names.length <= mostButtons) choices(classList, 'class', names, 0);
  else {
    const list = make('select', '', { 'aria-label': 'Class' });
    list.append(...names.map((name, value) => make('option', name, { value: String(value) })));
    classList.replaceChildren(list);
  }
  choices(countList, 'count', counts.map(String), model.engine.ms > slow ? 0 : 1);
  steps.max = String(Math.max(250, sampling.steps));
  steps.value = String(sampling.steps);
  sampler.replaceChildren(...samplerNames.map((name) => make('option', name, { value: name })));
  sampler.value = sampling.sampler;
  element('guidance-field', HTMLElement).hidden = network.classes === 0;
  guidance.max = String(Math.max(8, sampling.guidance));
  guidance.value = String(sampling.guidance);
  const blocks = Object.keys(outputs).filter((name) => name.startsWith('read_')).length;
  element('looks', HTMLElement).hidden = blocks === 0;
  const options = ['all', ...Array.from({ length: blocks }, (_, i) => String(i + 1))];
  block.replaceChildren(...options.map((name, value) => make('option', name, { value: String(value) })));
  element('frames-field', HTMLElement).hidden = !network.givenFrames;
  frames.disabled = !network.givenFrames; // a hidden field must not stop the form
  if (network.givenFrames && Array.isArray(network.size)) {
    frames.min = String(network.givenFrames + 1);
    frames.value = String(network.size[0]);
  }
  if (model.medium === 'clip') {
    play.hidden = false;
    setPlaying(!matchMedia('(prefers-reduced-motion: reduce)').matches, tiles);
  }
  showValues();
  return tiles;
}

const classNames = ({ classes, manifest: { config } }: WebModel): string[] => [
  'each in turn',
  ...Array.from({ length: config.model.classes }, (_, i) => classes[i] ?? String(i)),
  'no class',
];

/** Draws what the controls say. */
async function drawNow(): Promise<void> {
  if (!loaded) return;
  const { model, tiles } = loaded;
  drawing?.abort();
  const own = new AbortController();
  drawing = own;
  problem.hidden = true;
  const count = counts[chosenIn(countList)];
  const seeds = Array.from({ length: count }, (_, i) => Number(seed.value) + i);
  const names = classNames(model);
  const [chosen, last] = [chosenIn(classList), names.length - 1];
  const hasClasses = names.length > 2;
  const classes = chosen === 0 || !hasClasses ? undefined : [chosen === last ? null : chosen - 1];
  const classOf = (each: number): string =>
    hasClasses ? `${chosen === 0 ? names[1 + (each % (names.length - 2))] : names[chosen]}, ` : '';
  const { medium, manifest } = model;
  tiles.lay(
    seeds.map((each) => `${classOf(each)}seed ${each}`),
    { medium, shape: manifest.inputs.x },
  );
  draw.textContent = 'Stop';
  keep.disabled = true;
  say('Drawing');
  const begin = performance.now();
  let computed = 0;
  try {
    const options = { seeds, steps: Number(steps.value), sampler: sampler.value as (typeof samplerNames)[number] };
    for await (const step of model.sample({
      ...{ ...options, signal: own.signal, reads: () => reads.checked },
      ...(manifest.config.model.givenFrames && { frames: Number(frames.value) }),
      ...(hasClasses && { guidance: Number(guidance.value), ...(classes && { classes }) }),
    })) {
      shown = step;
      computed += step.ms;
      tiles.show(step.pictures, attention());
      progress.max = step.steps;
      progress.value = step.step;
      stepLine.textContent = `Step ${step.step} of ${step.steps}`;
      showFacts(model, computed / step.step, step.pictures.length);
    }
    say(`Drawn in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    keep.disabled = false;
  } catch (error) {
    if (own.signal.aborted) {
      if (drawing === own) say('Stopped');
    } else fail(error);
  }
  if (drawing !== own) return; // another drawing has begun
  drawing = undefined;
  draw.textContent = 'Draw';
}

/** Where the network looks in the newest step, if it is to be shown: the mean of all reads, or one of them. */
function attention(): Float32Array[] | undefined {
  if (!reads.checked || !shown?.reads) return undefined;
  const chosen = Number(block.value);
  return shown.reads.map((maps) => {
    if (chosen > 0) return maps[chosen - 1];
    return maps[0].map((_, i) => maps.reduce((sum, map) => sum + map[i], 0) / maps.length);
  });
}

/** What was measured. */
function showFacts(model: WebModel, ms: number, samples: number): void {
  const { engine, manifest } = model;
  const { name, threads, difference, passedOver } = engine;
  const { graph, engines } = manifest;
  const facts = [
    ['Engine', `${engineTitles[name]}${name === 'wasm' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`],
    ['Self-check', `differs from libtorch by ${difference.toExponential(0)} of the largest value`],
    ['A step', `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms, for ${samples === 1 ? 'one' : `all ${samples}`}`],
    ['Model', bytes(graph.bytes)],
    ['Engine file', bytes(engines[name].binary.bytes)],
    ...passedOver.map((why) => ['Passed over', why]),
  ];
  element('facts', HTMLElement).replaceChildren(
    ...facts.flatMap(([term, value]) => [make('dt', term), make('dd', value)]),
  );
}

function fail(error: unknown): void {
  say('');
  stepLine.textContent = '';
  problemText.textContent = error instanceof Error ? error.message : String(error);
  problem.hidden = false;
  draw.textContent = 'Draw';
}

/** Says something in the line below the samples. Screen readers read it aloud. */
function say(text: string): void {
  status.textContent = text;
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
for (const list of [classList, countList]) list.addEventListener('change', () => void drawNow());
addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') drawing?.abort();
});
element('next-seed', HTMLButtonElement).addEventListener('click', () => {
  seed.value = String(Number(seed.value) + counts[chosenIn(countList)]);
  void drawNow();
});
for (const input of [reads, block])
  input.addEventListener('change', () => {
    if (reads.checked && !shown?.reads && !drawing)
      void drawNow(); // the maps are computed with the steps
    else if (shown) loaded?.tiles.show(shown.pictures, attention());
  });
play.addEventListener('click', () => loaded && setPlaying(!loaded.tiles.isPlaying, loaded.tiles));
keep.addEventListener('click', () => {
  if (!loaded) return;
  const { model, tiles } = loaded;
  const name = `${model.manifest.name}-${seed.value}`.replace(/[^\p{L}\p{N}-]+/gu, '-');
  void save(tiles.pictures, name, model.manifest.playRate);
});
element('retry', HTMLButtonElement).addEventListener('click', () => {
  loaded?.model.close();
  void begin();
});

void begin();
