import { isTorchError, printable, RinError, UsageError } from '@rin/core';
import { nearest } from '../config/nearest.js';
import { whyNot } from '../disk/systemError.js';
import { readBuild } from './addon.js';
import { calling } from './terminal/calling.js';
import type { Command } from './terminal/command.js';
import { outlivesTerminal } from './terminal/hangup.js';
import { commandHelp, programHelp } from './terminal/help.js';
import { endWithNpm } from './terminal/npm.js';
import { guardOutput } from './terminal/output.js';
import { messageOfRank } from './terminal/rank.js';
import { version } from './version.js';

/** The commands. A command is loaded when it is called, so that help is fast and needs no libtorch. */
const commands: readonly { name: string; summary: string; load(): Promise<{ command: Command }> }[] = [
  {
    name: 'train',
    summary: 'train on a folder of pictures, clips or sounds; the same command again resumes',
    load: () => import('./commands/train.js'),
  },
  {
    name: 'sample',
    summary: 'draw new pictures, clips or sounds from a model',
    load: () => import('./commands/sample.js'),
  },
  {
    name: 'evaluate',
    summary: 'measure how near new samples are to the data, each figure with its protocol',
    load: () => import('./commands/evaluate.js'),
  },
  {
    name: 'data',
    summary: 'show the contents of a source of data, or convert it',
    load: () => import('./commands/data.js'),
  },
  {
    name: 'inspect',
    summary: 'show what a network costs, by part and size, or where a trained model looks',
    load: () => import('./commands/inspect.js'),
  },
  {
    name: 'export',
    summary: 'write a model as a web page that draws, or as an ONNX graph',
    load: () => import('./commands/export.js'),
  },
  { name: 'runs', summary: 'list runs, and compare them', load: () => import('./commands/runs.js') },
  {
    name: 'report',
    summary: 'write a page about a run: curves, previews, data and configuration in one HTML file',
    load: () => import('./commands/report.js'),
  },
  {
    name: 'studio',
    summary: 'show the runs on a page of this machine: live curves, previews, comparison, drawing',
    load: () => import('./commands/studio.js'),
  },
  {
    name: 'demo',
    summary: 'train a small model on built-in pictures, and show what it draws',
    load: () => import('./commands/demo.js'),
  },
  {
    name: 'launch',
    summary: 'train or sample in several processes of this machine',
    load: () => import('./commands/launch.js'),
  },
  {
    name: 'doctor',
    summary: 'check this machine, and show how to fix problems',
    load: () => import('./commands/doctor.js'),
  },
  {
    name: 'setup',
    summary: 'find or install libtorch, and build the native addon',
    load: () => import('./commands/setup.js'),
  },
];

/**
 * Runs the `rin` command. Errors are printed on stderr, never thrown.
 * @param args  the arguments after `rin`
 * @returns the exit code: 0 success, 1 failure, 2 wrong usage, 128 + its number if a signal stopped it
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    const message = messageOfRank(error, explain(error, args.includes('--verbose'), args[0]));
    if (message !== undefined) console.error(printable(message));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch([name, ...rest]: readonly string[]): Promise<number> {
  if (name === 'help' && rest.length > 0) return dispatch([rest[0], '--help']);
  if (name === undefined || ['help', '--help', '-h'].includes(name)) return print(programHelp(commands));
  if (['--version', '-v', 'version'].includes(name)) return print(`${version()}\n`);
  const found = commands.find((each) => each.name === name);
  if (!found) throw new UsageError(unknownCommand(name));
  const { command } = await found.load();
  const end = rest.findIndex((arg) => arg === '--' || (command.takesCommand && !arg.startsWith('-')));
  if (rest.slice(0, end < 0 ? undefined : end).some((arg) => arg === '--help' || arg === '-h'))
    return print(commandHelp(command));
  const { parseArguments } = await import('./terminal/arguments.js');
  return command.run(parseArguments(command, rest));
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function unknownCommand(name: string): string {
  const names = commands.map((command) => command.name);
  const meant = nearest(name, names);
  return `${name} is not a command; ${meant ? `did you mean ${meant}?` : `expected one of ${names.join(', ')}`}`;
}

/** The message for an error. Only `--verbose` adds a stack trace. */
function explain(error: unknown, verbose: boolean, name: string | undefined): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose && error.stack) return error.stack;
  const hint = commands.some((command) => command.name === name) ? `${name} --help` : '--help';
  if (error instanceof UsageError) return `${error.message}\nSee ${calling} ${hint}`;
  if (isTorchError(error) && !readBuild()) return `rin is not set up yet: run "${calling} setup"`;
  if (error instanceof RinError || isTorchError(error)) return error.message;
  const reason = whyNot(error);
  if (reason !== undefined)
    return 'path' in error ? `${error.path}: ${reason}` : `the system reports an error: ${reason}`;
  return `${error.message}\nThis is an unexpected error: --verbose shows where it occurred`;
}

// At once, because a signal may come before a command starts. Under nohup SIGHUP must not end the program.
if (outlivesTerminal) process.on('SIGHUP', () => {});
else endWithNpm();
guardOutput();
