import { bytes, count } from '@rin/core';
import type { Inspection } from '../../inspect/inspection.js';
import { flops } from '../../training/resources/flopsText.js';
import { escaped } from '../svg.js';
import { facts, table } from './html.js';
import type { ReportFacts } from './reportFacts.js';
import { number, when } from './words.js';

/** Parameters, tokens and operations by part, and the work of the whole training. */
export function networkSection(inspection: Inspection, { images }: ReportFacts): string {
  const { tokens, parts, parameters, passFlops, samplingFlops, trainingFlops } = inspection;
  const perImage = Object.values(trainingFlops).reduce((sum, each) => sum + each, 0);
  const share = (value: number, all: number) => `${Math.round((100 * value) / all)}%`;
  return [
    facts([
      ['parameters', count(parameters)],
      ['interface tokens', `${count(tokens.interface[0])} of width ${count(tokens.interface[1])}`],
      ['latents', `${count(tokens.latents[0])} of width ${count(tokens.latents[1])}`],
      ['a forward pass', flops(passFlops)],
      ['an image of training', flops(perImage)],
      ['the training so far', flops(perImage * images)],
      ['drawing one sample', flops(samplingFlops)],
    ]),
    table(
      ['part', 'parameters', 'share', 'operations of a pass', 'share'],
      parts.map((each) =>
        [
          each.part,
          count(each.parameters),
          share(each.parameters, parameters),
          flops(each.flops),
          share(each.flops, passFlops),
        ].map(escaped),
      ),
      'numeric',
    ),
  ].join('');
}

/** What each stretch of the run was trained on, and how fast. */
export function machineSection({ machines, timing, imagesPerSecond }: ReportFacts): string {
  const memory = timing.reduce((most, line) => Math.max(most, line.memory ?? 0), 0);
  const pairs: [string, string | undefined][] = [
    ['images per second at the end', imagesPerSecond === null ? undefined : number(imagesPerSecond)],
    ['largest memory of the process', memory > 0 ? bytes(memory) : undefined],
  ];
  const cell = (value: string | number | undefined): string => escaped(value === undefined ? '–' : String(value));
  const rows = machines.map((line) => [
    escaped(count(line.images)),
    escaped(line.time === undefined ? '–' : when(new Date(line.time))),
    cell(line.processor),
    cell(line.processors),
    cell(line.memory === undefined ? undefined : bytes(line.memory)),
    cell(line.device),
    cell(line.dtype),
    cell(line.threads),
    cell(line.instructions),
    cell(line.libtorch),
    cell(line.node),
  ]);
  const head = [
    'from images',
    'started',
    'processor',
    'processors',
    'memory',
    'device',
    'numbers',
    'threads',
    'instructions',
    'libtorch',
    'Node',
  ];
  return [facts(pairs), rows.length > 0 ? table(head, rows, 'oneLine') : ''].join('');
}
