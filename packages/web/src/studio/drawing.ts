import {
  attention,
  block,
  draw as button,
  chosen,
  fileName,
  fillControls,
  keep,
  listen,
  progress,
  reads,
  say,
  showStep,
  stepLine,
} from '../page/controls.js';
import { element, make } from '../page/dom.js';
import { save } from '../page/save.js';
import { playSound } from '../page/sound.js';
import { Tiles } from '../page/tiles.js';
import type { Picture } from '../picture.js';
import { draw } from './ask.js';
import type { DrawnSamples, DrawSettings, RunDetails } from './protocol.js';

const model = element('model', HTMLSelectElement);
const [problem, problemText] = [element('draw-problem', HTMLElement), element('draw-problem-text', HTMLElement)];

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
  fillControls({ classes, sampling, blocks, count: 1, isClip: medium === 'clip' }, tiles);
  looks = undefined;
  keep.disabled = true;
  progress.value = 0;
  stepLine.textContent = '';
  problem.hidden = true;
  say('');
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
  const { names, request: wanted } = chosen(settings.classes);
  tiles.lay(names, settings);
  looks = undefined;
  button.textContent = 'Stop drawing';
  keep.disabled = true;
  say('Drawing');
  try {
    const request = { ...wanted, run: details.run, model: model.value, reads: reads.checked };
    for await (const event of draw(request, own.signal)) {
      if (event.type === 'waiting') say('Waiting for another drawing');
      else if (event.type === 'loading') say('Loading the weights');
      else if (event.type === 'failed') throw new Error(event.message);
      else if (event.type === 'step') {
        say('Drawing');
        showStep(event);
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
  tiles.show(shown, attention(looks));
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

listen({ drawNow, drawing: () => drawing, tiles: () => subject?.tiles });
for (const input of [reads, block])
  input.addEventListener('change', () => {
    const pictures = subject?.tiles.pictures ?? [];
    if (reads.checked && !looks && (drawing || pictures.length > 0))
      void drawNow(); // the maps come with the steps
    else subject?.tiles.show(pictures, attention(looks));
  });
keep.addEventListener('click', () => {
  if (!subject) return;
  void save(subject.tiles.pictures, fileName(subject.details.run), subject.settings.rate);
});
