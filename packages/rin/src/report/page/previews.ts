import { readFile } from 'node:fs/promises';
import { count } from '@rin/core';
import type { Config } from '../../config/config.js';
import { unreadable } from '../../disk/systemError.js';
import { formatsOf, type MediumFormats } from '../../media/formats.js';
import sharp from '../../media/sharp.js';
import { namesIn, RunDirectory } from '../../runs/runDirectory.js';
import { planPreviews } from '../../training/previewPlan.js';
import { element, escaped } from '../svg.js';
import { evenly } from './words.js';

/** Most previews on a page. Of more, some are shown that are spread evenly, with the first and the last. */
const mostPreviews = 12;

/** The previews of a run as HTML. */
export interface Previews {
  readonly html: string;
  /** previews on the page, and in the folder of the run */
  readonly shown: number;
  readonly all: number;
  /** bytes of the embedded files */
  readonly bytes: number;
  /** files that are no pictures, and so left out */
  readonly damaged: readonly string[];
}

/** Embeds files and counts their bytes. */
interface Embedded {
  bytes: number;
  readonly damaged: string[];
}

/**
 * The previews of a run over images seen, with a slider, and samples of the data beside them. Clips play; for readers who asked
 * for less motion they are strips. Sounds have a waveform and can be heard.
 * @param path folder of the run
 * @returns undefined if the run has no previews
 */
export async function previews(path: string, config: Config): Promise<Previews | undefined> {
  const formats = formatsOf(config.model);
  if (!formats) return undefined;
  const names = await namesIn(path);
  const endings = formats.preview.filter((format) => format !== 'wav');
  const isWhole = (stem: string) => endings.every((format) => names.includes(`${stem}.${format}`));
  const stems = names.flatMap((name) => {
    const found = /^(fakes-(\d+(?:\.\d{3})?)k)\.png$/.exec(name);
    return found && isWhole(found[1]) ? [{ stem: found[1], images: Math.round(1000 * Number(found[2])) }] : [];
  });
  stems.sort((a, b) => a.images - b.images);
  if (stems.length === 0 && !isWhole('reals')) return undefined;
  const embedded: Embedded = { bytes: 0, damaged: [] };
  const rows = rowsText(config);
  const figures: string[] = [];
  for (const { stem, images } of evenly(stems, mostPreviews)) {
    const alt = `${formats.noun}s drawn after ${count(images)} images${rows}`;
    const figure = await sheet(new RunDirectory(path), stem, formats, names, alt, embedded);
    if (figure === undefined) continue;
    const caption = element('figcaption', {}, escaped(`after ${count(images)} images`));
    figures.push(element('figure', { class: 'preview', 'data-images': images }, caption, figure));
  }
  const real = isWhole('reals')
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
  return { html, shown: figures.length, all: stems.length, ...embedded };
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
    const path = directory.file(name);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw unreadable(error, path);
    });
    const size = format === 'wav' ? {} : await sizeOf(bytes);
    if (size === undefined) {
      embedded.damaged.push(name);
      return undefined;
    }
    embedded.bytes += bytes.length;
    const kind = format === 'wav' ? 'audio/wav' : `image/${format}`;
    found[format] = { uri: `data:${kind};base64,${bytes.toString('base64')}`, size };
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

/** Width and height in pixels; undefined if the bytes are no picture. */
async function sizeOf(bytes: Buffer): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = await sharp(bytes).metadata();
    return { width, height };
  } catch {
    return undefined;
  }
}

/** Which class each row shows. */
function rowsText(config: Config): string {
  const rows = new Set(planPreviews(config)?.layout.classes).size;
  return config.model.classes > 0 && rows > 0 ? `, ${rows === 1 ? 'of one class' : `${rows} classes in rows`}` : '';
}

/** What the samples of the data are. */
const realText = ({ model }: Config, { noun }: MediumFormats): string =>
  model.givenFrames > 0 ? `the ${noun}s whose first frames are given` : `${noun}s of the data`;
