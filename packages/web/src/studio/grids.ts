import { count } from '@rin/core';
import { element, make } from '../page/dom.js';
import { fileAddress } from './ask.js';
import type { PreviewFiles, RunDetails } from './protocol.js';

const [part, slider, list] = [
  element('grids', HTMLElement),
  element('time', HTMLInputElement),
  element('grid-list', HTMLElement),
];
const value = element('time-value', HTMLOutputElement);

let shown: readonly RunDetails[] = [];
/** images of all previews that the slider goes through, ascending */
let times: readonly number[] = [];
/** the figures that were shown so far, so that the slider loads no file twice */
const made = new Map<string, HTMLElement>();

/** Shows the previews of one run, or of two beside each other. A slider at its end follows new previews. */
export function showGrids(runs: readonly RunDetails[]): void {
  const isOther = runs.map(({ run }) => run).join('\n') !== shown.map(({ run }) => run).join('\n');
  const wasLast = isOther || Number(slider.value) >= times.length - 1;
  const at = times[Number(slider.value)];
  if (isOther) made.clear();
  shown = runs;
  times = [...new Set(runs.flatMap(({ previews }) => previews.map(({ images }) => images)))].sort((a, b) => a - b);
  part.hidden = times.length === 0 && runs.every(({ reals }) => !reals);
  slider.max = String(Math.max(0, times.length - 1));
  slider.disabled = times.length < 2;
  element('slider', HTMLElement).hidden = times.length === 0;
  slider.value = String(wasLast ? times.length - 1 : Math.max(0, times.indexOf(at)));
  show();
}

/** Shows the previews at the slider: of each run the newest one up to then. */
function show(): void {
  const at = times[Number(slider.value)] ?? 0;
  value.value = count(at);
  slider.setAttribute('aria-valuetext', `${count(at)} images`);
  const figures = shown.flatMap(({ run, noun, previews, reals }) => {
    const found = previews.findLast(({ images }) => images <= at);
    const name = shown.length > 1 ? `${run}: ` : '';
    return [
      ...(found
        ? [{ run, files: found.files, text: `${name}${noun}s drawn after ${count(found.images)} images` }]
        : []),
      ...(reals && shown.length === 1 ? [{ run, files: reals, text: `${noun}s of the data` }] : []),
    ];
  });
  list.replaceChildren(
    ...figures.map(({ run, files, text }) => {
      const key = JSON.stringify([run, files, text]);
      const figure = made.get(key) ?? figureOf(run, files, text);
      made.set(key, figure);
      return figure;
    }),
  );
}

/** A still, a clip that plays unless less motion is wished, or a sound with its waveform. */
function figureOf(run: string, { png, webp, wav }: PreviewFiles, text: string): HTMLElement {
  const figure = make('figure');
  const image = make('img', '', { alt: text });
  const picture = make('picture');
  if (png && webp) {
    const still = make('source', '', { srcset: fileAddress(run, png), media: '(prefers-reduced-motion: reduce)' });
    picture.append(still);
  }
  image.src = fileAddress(run, webp ?? png ?? '');
  image.addEventListener('error', () =>
    figure.replaceChildren(make('figcaption', `${text}: the file is gone or damaged`)),
  );
  picture.append(image);
  figure.append(make('figcaption', text), picture);
  if (wav) figure.append(make('audio', '', { controls: '', src: fileAddress(run, wav), 'aria-label': text }));
  return figure;
}

/** Shows the attention sheets that `rin inspect --attention` left in a run. */
export function showSheets({ run, attention }: RunDetails): void {
  element('sheets', HTMLElement).hidden = attention.length === 0;
  element('sheet-list', HTMLElement).replaceChildren(
    ...attention.map((name) => {
      const figure = make('figure');
      const text = `where the latents look in sample ${Number.parseInt(name, 10)}`;
      const image = make('img', '', { alt: `${text}, by step and block`, src: fileAddress(run, 'attention', name) });
      figure.append(make('figcaption', text), image);
      return figure;
    }),
  );
}

slider.addEventListener('input', show);
