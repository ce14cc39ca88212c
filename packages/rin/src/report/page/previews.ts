import { count } from '@rin/core';
import type { Config } from '../../config/config.js';
import { formatsOf, type MediumFormats } from '../../media/formats.js';
import { namesIn, RunDirectory } from '../../runs/runDirectory.js';
import { planPreviews } from '../../training/previewPlan.js';
import { element, escaped } from '../svg.js';
import { wholePreviews } from '../wholePreviews.js';
import type { Embedded } from './embedded.js';
import { evenly } from './words.js';

/** Most previews on a page. Of more, some are shown that are spread evenly, with the first and the last. */
const mostPreviews = 12;

/** The previews of a run as HTML. */
export interface Previews {
  readonly html: string;
  /** previews on the page, and in the folder of the run */
  readonly shown: number;
  readonly all: number;
}

/**
 * The previews of a run over images seen, with a slider, and samples of the data beside them. Clips play; for readers who asked
 * for less motion they are strips. Sounds have a waveform and can be heard.
 * @param path folder of the run
 * @returns undefined if the run has no previews
 */
export async function previews(path: string, config: Config, embedded: Embedded): Promise<Previews | undefined> {
  const formats = formatsOf(config.model);
  if (!formats) return undefined;
  const names = await namesIn(path);
  const { stems, hasReals } = wholePreviews(names, formats);
  if (stems.length === 0 && !hasReals) return undefined;
  const rows = rowsText(config);
  const figures: string[] = [];
  for (const { stem, images } of evenly(stems, mostPreviews)) {
    const alt = `${formats.noun}s drawn after ${count(images)} images${rows}`;
    const figure = await sheet(new RunDirectory(path), stem, formats, names, alt, embedded);
    if (figure === undefined) continue;
    const caption = element('figcaption', {}, escaped(`after ${count(images)} images`));
    figures.push(element('figure', { class: 'preview', 'data-images': images }, caption, figure));
  }
  const real = hasReals
    ? await sheet(new RunDirectory(path), 'reals', formats, names, `${formats.noun}s of the data${rows}`, embedded)
    : undefined;
  const fewer = figures.length < stems.length ? ` ${figures.length} of ${count(stems.length)} previews are here.` : '';
  const html =
    element('p', {}, escaped(`The same seeds at each number of images.${fewer}`)) +
    element(
      'div',
      { class: 'beside' },
      element('div', { class: 'gallery' }, ...(figures.length > 1 ? [slider(figures.length)] : []), ...figures),
      real === undefined
        ? ''
        : element('figure', { class: 'reals' }, element('figcaption', {}, escaped(realText(config, formats))), real),
    );
  return { html, shown: figures.length, all: stems.length };
}

/** It is hidden until the script of the page shows it: without a script, all previews are one below the other. */
const slider = (number: number): string =>
  element(
    'p',
    { class: 'slider', hidden: '' },
    element('label', { for: 'preview' }, 'Images seen '),
    element('input', { id: 'preview', type: 'range', min: 0, max: number - 1, step: 1, value: number - 1 }),
    element('output', { for: 'preview' }, ''),
  );

/** The files of a preview: a picture, an animation, or a waveform with its sound; undefined if the picture is damaged. */
async function sheet(
  directory: RunDirectory,
  stem: string,
  { preview }: MediumFormats,
  names: readonly string[],
  alt: string,
  embedded: Embedded,
): Promise<string | undefined> {
  const found: Partial<Record<string, { readonly uri: string; readonly size: object }>> = {};
  for (const format of preview) {
    const name = `${stem}.${format}`;
    if (!names.includes(name)) continue;
    const kind = format === 'wav' ? 'audio/wav' : `image/${format}`;
    found[format] = await embedded.add(directory.file(name), name, kind);
    if (!found[format]) return undefined;
  }
  const { png, webp, wav } = found;
  if (!png) return undefined;
  const picture = (file: { uri: string; size: object }) => element('img', { src: file.uri, alt, ...file.size });
  if (webp)
    return element(
      'picture',
      {},
      element('source', { srcset: png.uri, media: '(prefers-reduced-motion: reduce)', ...png.size }),
      picture(webp),
    );
  if (wav) return picture(png) + element('audio', { controls: '', src: wav.uri, 'aria-label': alt }, '');
  return picture(png);
}

/** Which class each row shows. */
function rowsText(config: Config): string {
  const rows = new Set(planPreviews(config)?.layout.classes).size;
  return config.model.classes > 0 && rows > 0 ? `, ${rows === 1 ? 'of one class' : `${rows} classes in rows`}` : '';
}

/** What the samples of the data are. */
const realText = ({ model }: Config, { noun }: MediumFormats): string =>
  model.givenFrames > 0 ? `the ${noun}s whose first frames are given` : `${noun}s of the data`;
