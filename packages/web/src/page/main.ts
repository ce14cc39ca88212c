import { bytes, geometry } from '@rin/core';
import { engineTitles } from '../engine.js';
import { load } from '../load.js';
import type { WebModel } from '../model.js';
import type { SampleStep } from '../picture.js';
import {
  attention,
  block,
  chosen,
  classList,
  countList,
  draw,
  fileName,
  fillControls,
  keep,
  listen,
  progress,
  reads,
  say,
  showStep,
  stepLine,
} from './controls.js';
import { element, make } from './dom.js';
import { save } from './save.js';
import { playSound } from './sound.js';
import { Tiles } from './tiles.js';

const frames = element('frames', HTMLInputElement);
const [problem, problemText] = [element('problem', HTMLElement), element('problem-text', HTMLElement)];

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
  const blocks = Object.keys(outputs).filter((name) => name.startsWith('read_')).length;
  element('looks', HTMLElement).hidden = blocks === 0;
  const count = model.engine.ms > slow ? 0 : 1;
  fillControls({ classes: classNames(model), sampling, blocks, count, isClip: model.medium === 'clip' }, tiles);
  element('frames-field', HTMLElement).hidden = !network.givenFrames;
  frames.disabled = !network.givenFrames; // a hidden field must not stop the form
  if (network.givenFrames && Array.isArray(network.size)) {
    frames.min = String(network.givenFrames + 1);
    frames.value = String(network.size[0]);
  }
  return tiles;
}

/** Names of the classes; numbers stand for those without a name. */
const classNames = ({ classes, manifest: { config } }: WebModel): string[] =>
  Array.from({ length: config.model.classes }, (_, i) => classes[i] ?? String(i));

/** Draws what the controls say. */
async function drawNow(): Promise<void> {
  if (!loaded) return;
  const { model, tiles } = loaded;
  drawing?.abort();
  const own = new AbortController();
  drawing = own;
  problem.hidden = true;
  const { names, request } = chosen(classNames(model));
  const { medium, manifest } = model;
  tiles.lay(names, { medium, shape: manifest.inputs.x });
  draw.textContent = 'Stop';
  keep.disabled = true;
  say('Drawing');
  const begin = performance.now();
  let computed = 0;
  try {
    for await (const step of model.sample({
      ...{ ...request, signal: own.signal, reads: () => reads.checked },
      ...(manifest.config.model.givenFrames && { frames: Number(frames.value) }),
    })) {
      shown = step;
      computed += step.ms;
      tiles.show(step.pictures, attention(step.reads));
      showStep(step);
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

listen({ drawNow, drawing: () => drawing, tiles: () => loaded?.tiles });
for (const list of [classList, countList]) list.addEventListener('change', () => void drawNow());
for (const input of [reads, block])
  input.addEventListener('change', () => {
    if (reads.checked && !shown?.reads && !drawing)
      void drawNow(); // the maps are computed with the steps
    else if (shown) loaded?.tiles.show(shown.pictures, attention(shown.reads));
  });
keep.addEventListener('click', () => {
  if (!loaded) return;
  const { model, tiles } = loaded;
  void save(tiles.pictures, fileName(model.manifest.name), model.manifest.playRate);
});
element('retry', HTMLButtonElement).addEventListener('click', () => {
  loaded?.model.close();
  void begin();
});

void begin();
