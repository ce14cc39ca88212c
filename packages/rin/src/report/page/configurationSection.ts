import { count, countOf } from '@rin/core';
import { durationKeys, imagesOf } from '../../config/duration.js';
import { flatten } from '../../config/flatten.js';
import { loadPreset, presetNames } from '../../training/presets.js';
import { element, escaped } from '../svg.js';
import { details, table } from './html.js';
import type { ReportFacts } from './reportFacts.js';

/** The resolved configuration. Values that differ from those of the preset of its name, or from the defaults, are marked. */
export function configurationSection({ config, changes }: ReportFacts): string {
  const preset = presetNames().find((name) => name === config.name);
  const base = flatten(preset === undefined ? {} : loadPreset(preset));
  const own = flatten(config);
  const rows = [...own].map(([key, value]) => {
    const isOther = preset !== undefined && !isEqual(base.get(key), value) && key !== 'name';
    const images = durationKeys.find((each) => key === `training.${each}`);
    const shown = `${shownValue(value)}${images && typeof value === 'string' ? ` (${count(imagesOf(config.training[images], config.training))} images)` : ''}`;
    return [
      escaped(key),
      isOther ? element('mark', {}, escaped(shown)) : escaped(shown),
      ...(preset === undefined ? [] : [isOther ? escaped(shownValue(base.get(key))) : '']),
    ];
  });
  const left = [...base].filter(([key]) => !own.has(key));
  for (const [key, value] of preset === undefined ? [] : left)
    rows.push([escaped(key), element('mark', {}, 'not set'), escaped(shownValue(value))]);
  const different = rows.filter(([, , other]) => other).length;
  const told =
    preset === undefined
      ? 'There is no preset of its name, so nothing is marked.'
      : different === 0
        ? `All values are those of the preset ${preset}.`
        : `${countOf(different, 'value')} of ${rows.length} ${different === 1 ? 'differs' : 'differ'} from the preset ${preset}, and ${different === 1 ? 'is' : 'are'} marked.`;
  const head = ['key', 'value', ...(preset === undefined ? [] : ['in the preset'])];
  const marked = rows.filter(([, , other]) => other);
  return [
    element('p', {}, escaped(told)),
    ...(marked.length > 0 ? [table(head, marked)] : []),
    ...(changes.length > 0
      ? [
          element('h3', {}, 'Changes during the run'),
          element('ul', {}, ...changes.map((line) => element('li', {}, escaped(line)))),
        ]
      : []),
    details(`All ${rows.length} values`, table(head, rows)),
  ].join('');
}

const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const shownValue = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);
