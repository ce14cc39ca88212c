import { type Command, common, namesOf, type Option } from './command.js';

/** The help of a command: examples, then one line for each flag, in groups. */
export function commandHelp(command: Command): string {
  const { name, usage, description, examples, sections, closing } = command;
  return paragraphs([
    `rin ${name} ${usage}`,
    description,
    group('Examples', table(examples)),
    ...[...sections, { title: 'Other', options: common }].map(({ title, options }) =>
      group(title, table(options.map(row))),
    ),
    closing,
  ]);
}

/** The help of the whole program. */
export function programHelp(commands: readonly { name: string; summary: string }[]): string {
  return paragraphs([
    'rin COMMAND [OPTIONS]',
    'Recurrent Interface Networks: train a diffusion model on your own pictures, clips or sounds, and draw new ones from it.',
    group('Commands', table(commands.map(({ name, summary }) => [name, summary]))),
    group(
      'Examples',
      table([
        ['rin train --data my-pictures', 'train on a folder of pictures; run it again to resume'],
        ['rin sample', 'draw new samples from the newest model'],
        ['rin COMMAND --help', 'all options of a command'],
      ]),
    ),
    group('Exit codes', ['0 success   1 failure   2 wrong usage   130, 143, 129 stopped by Ctrl-C, SIGTERM or SIGHUP']),
  ]);
}

const paragraphs = (parts: readonly (string | undefined)[]): string =>
  `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;

const group = (title: string, lines: readonly string[]): string =>
  [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');

/** Rows in two columns. */
function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`);
}

function row(option: Option): [string, string] {
  const { placeholder, description, notes = [] } = option;
  const term = namesOf(option).join(', ');
  return [placeholder ? `${term} ${placeholder}` : term, [description, ...notes.map((note) => `[${note}]`)].join(' ')];
}
