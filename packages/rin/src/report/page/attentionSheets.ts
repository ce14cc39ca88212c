import { join } from 'node:path';
import { namesIn } from '../../runs/runDirectory.js';
import { element, escaped } from '../svg.js';
import type { Embedded } from './embedded.js';
import { evenly } from './words.js';

/** Most sheets on a page. */
const mostSheets = 4;

/**
 * The sheets that `rin inspect RUN --attention --out RUN/attention` left in the folder of a run, as HTML.
 * @param path folder of the run
 * @returns undefined if there are none
 */
export async function attentionSheets(path: string, embedded: Embedded): Promise<string | undefined> {
  const folder = join(path, 'attention');
  if (!(await namesIn(path)).includes('attention')) return undefined;
  const names = (await namesIn(folder)).filter((name) => /^\d+\.png$/.test(name));
  names.sort();
  const figures: string[] = [];
  for (const name of evenly(names, mostSheets)) {
    const found = await embedded.add(join(folder, name), `attention/${name}`, 'image/png');
    if (!found) continue;
    const which = `sample ${Number.parseInt(name, 10)}`;
    const alt = `where the latents look in ${which}, by step and block; the sheet has the scales`;
    const caption = element('figcaption', {}, escaped(which));
    figures.push(element('figure', {}, caption, element('img', { src: found.uri, alt, ...found.size })));
  }
  if (figures.length === 0) return undefined;
  const text = 'Lighter parts get more attention, by step and block.';
  return element('p', {}, escaped(text)) + figures.join('');
}
