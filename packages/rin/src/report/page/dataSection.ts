import { count, countOf, roughly, sizeList } from '@rin/core';
import { isEndless } from '../../data/builtIn.js';
import type { Inspection } from '../../inspect/inspection.js';
import { nounOf } from '../../media/formats.js';
import { heldOutOf, samplesInLoss } from '../../training/validation.js';
import { element, escaped } from '../svg.js';
import { details, facts, table } from './html.js';
import type { ReportFacts } from './reportFacts.js';
import { number, when } from './words.js';

/** Most names in a list that is not opened. */
const mostNames = 24;
/** Most skipped files in the list. */
const mostSkipped = 200;

/** The most important figures of a run. */
export function overview(
  { state, images, config, stats, timing, machines, written }: ReportFacts,
  { parameters }: Inspection,
): string {
  const last = stats.at(-1);
  const seconds = timing.at(-1)?.seconds;
  const began = machines.at(0)?.time;
  const pairs: [string, string | undefined][] = [
    ['state', state],
    ['images seen', `${count(images)} of ${count(config.training.images)}`],
    ['loss in training', last && number(last.loss)],
    ['loss on held-out data', last?.validationLoss === undefined ? undefined : number(last.validationLoss)],
    ['parameters', count(parameters)],
    ['time of training', seconds === undefined ? undefined : roughly(seconds)],
    ['began', began === undefined ? undefined : when(new Date(began))],
    ['last written', when(written)],
  ];
  return facts(pairs);
}

/** The data: number, shape, classes, and what was skipped. */
export function dataSection({ data, config, images }: ReportFacts): string {
  const { model, training } = config;
  const noun = nounOf(model);
  const held = data.length !== undefined && training.validation > 0 ? heldOutOf(training.validation, data.length) : 0;
  const trained = data.length === undefined ? undefined : data.length - held;
  const pairs: [string, string | undefined][] = [
    ['name', data.name],
    [`${noun}s`, data.length === undefined ? undefined : count(data.length)],
    ['held out', held > 0 ? `${count(held)}, ${count(samplesInLoss(config, data.length ?? 0))} in each loss` : 'none'],
    [
      `each was seen`,
      trained === undefined || isEndless(config.source ?? data.name) ? undefined : `${number(images / trained)} times`,
    ],
    ['size', sizeList(model.size).join(' × ')],
    ['channels', String(model.channels)],
    ['mirror images', config.data.flip ? 'also seen' : 'not seen'],
    ['classes', model.classes === 0 ? 'none' : count(model.classes)],
    ['SHA-256 of the contents', `${data.fingerprint.slice(0, 12)}…`],
  ];
  const { classes, skipped } = data;
  const names = (some: readonly string[]) =>
    element('ul', { class: 'names' }, ...some.map((name) => element('li', {}, escaped(name))));
  const more = classes.length - mostNames;
  return [
    facts(pairs),
    ...(classes.length > 0 ? [element('h3', {}, 'Classes'), names(classes.slice(0, mostNames))] : []),
    ...(more > 0 ? [details(`${count(more)} more classes`, names(classes.slice(mostNames)))] : []),
    ...(skipped.length > 0
      ? [
          details(
            escaped(`${countOf(skipped.length, 'skipped file')}`),
            table(
              ['file', 'reason'],
              skipped.slice(0, mostSkipped).map(({ name, reason }) => [escaped(name), escaped(reason)]),
            ),
            skipped.length > mostSkipped ? element('p', {}, `The first ${mostSkipped}; data.json has all.`) : '',
          ),
        ]
      : []),
  ].join('');
}
