import { printable, printableJson } from '@rin/core';
import { checkChartName, writeChart } from '../../report/chartFile.js';
import { inspectedLayer } from '../configuration/inspected.js';
import { type Layer, readLayers, resolveConfig } from '../configuration/layers.js';
import { configOptions } from '../configuration/options.js';
import type { Command, Given } from '../terminal/command.js';
import { attentionSections, checkMixed } from './attentionOptions.js';
import { inspectAttention } from './inspectAttention.js';
import { inspectionLines } from './inspectTables.js';

export const command: Command = {
  name: 'inspect',
  usage: '[PRESET|FILE|MODEL|RUN] [OPTIONS]',
  description:
    'Shows what a network costs: parameters and operations by part, operations of training and of sampling, memory of\n' +
    'activations, and how they grow with the resolution. Without a name it shows the preset emoji-64. A file, model\n' +
    'or run of this name comes before a preset. Flags change the network. With --attention it shows where a trained\n' +
    'model looks while it draws.',
  examples: [
    ['rin inspect imagenet512', 'a preset'],
    ['rin inspect 3', 'the network of runs/00003-…'],
    ['rin inspect my.yaml --size 256 --chart cost.svg', 'a configuration at another size, with a chart'],
    ['rin inspect cifar10 --json', 'output for programs'],
    ['rin inspect 3 --attention --seeds 0-3', 'where the model of run 3 looks while it draws four samples'],
    ['rin inspect 3 --attention --data emoji', 'where it looks in the built-in pictures with noise'],
  ],
  operands: 1,
  sections: [
    {
      title: 'Options',
      options: [
        { flag: '--preset', placeholder: 'NAME', description: 'the same as the name of a preset alone' },
        { flag: '--config', placeholder: 'FILE', description: 'configuration in YAML, over the preset' },
        {
          flag: '--chart',
          placeholder: 'FILE',
          description: 'draw the operations over the resolution as SVG or PNG, such as cost.svg',
        },
        { flag: '--json', description: 'print JSON' },
      ],
    },
    { title: 'Network', options: configOptions('model') },
    {
      title: 'Training',
      options: [...configOptions('diffusion'), ...configOptions('training')].filter(({ flag }) =>
        ['--diffusion.selfConditioningRate', '--training.recompute'].includes(flag),
      ),
    },
    {
      title: 'Sampling',
      options: configOptions('sampling').filter(({ flag }) =>
        ['steps', 'sampler', 'guidance', 'guidanceFrom', 'guidanceTo', 'latents', 'guidanceLatents'].includes(
          flag.replace('--sampling.', ''),
        ),
      ),
    },
    ...attentionSections,
  ],
  run: inspectCommand,
};

async function inspectCommand(given: Given): Promise<number> {
  checkMixed(given);
  if (given.has('--attention')) return inspectAttention(given);
  const chart = given.text('--chart');
  if (chart !== undefined) checkChartName(chart);
  const config = resolveConfig(readLayers(given, await base(given)));
  const { inspect } = await import('../../inspect/inspection.js');
  const { growth } = await import('../../inspect/growth.js');
  const [own, sizes] = [inspect(config), growth(config)];
  if (chart !== undefined) {
    const { costChart } = await import('../../report/costChart.js');
    await writeChart(chart, costChart(sizes));
  }
  if (given.has('--json')) console.log(printableJson({ ...own, growth: sizes }));
  else {
    const lines = [...inspectionLines(own, sizes, config), ...(chart === undefined ? [] : ['', `chart: ${chart}`])];
    console.log(printable(lines.join('\n')));
  }
  return 0;
}

const base = async ({ operands: [name] }: Given): Promise<Layer | undefined> =>
  name === undefined ? undefined : inspectedLayer(name);
