import { UsageError } from '@rin/core';
import { nearest } from '../../config/nearest.js';
import { nearestFlag } from '../configuration/flags.js';
import { type Command, common, Given, namesOf, type Option } from './command.js';

/**
 * Reads `--flag value`, `--flag=value` and switches in any order. After `--` every argument is an operand. A flag for true or
 * false needs no value: alone it means true.
 * @throws UsageError if a flag is unknown (the message names the nearest one), lacks its value, or there are too many operands
 */
export function parseArguments(command: Command, args: readonly string[]): Given {
  const options = [...command.sections.flatMap((section) => section.options), ...common];
  const known = new Map(options.flatMap((option) => namesOf(option).map((name) => [name, option])));
  const flags = new Map<string, string>();
  const operands: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === '--') operands.push(...queue.splice(0));
    else if (command.takesCommand && !/^-./.test(arg)) operands.push(arg, ...queue.splice(0));
    else if (!/^-./.test(arg)) operands.push(arg);
    else {
      const [, name, inline] = /^([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
      const option = known.get(name);
      if (!option) throw new UsageError(unknownFlag(name, [...known.keys()]));
      flags.set(
        option.flag,
        inline === undefined ? valueBehind(name, option, queue) : inlineValue(name, option, inline),
      );
    }
  }
  if (operands.length > command.operands && !command.takesCommand) {
    const extra = operands[command.operands];
    const meant = command.meant?.(extra);
    const what = meant ? `did you mean ${meant}?` : `usage: rin ${command.name} ${command.usage}`;
    throw new UsageError(`rin ${command.name}: unexpected argument ${extra}; ${what}`);
  }
  return new Given(flags, operands);
}

function valueBehind(name: string, { placeholder }: Option, queue: string[]): string {
  if (placeholder === undefined) return '';
  const next = queue.at(0);
  if (placeholder === 'true|false' && next !== 'true' && next !== 'false') return 'true';
  const isValue = next !== undefined && !/^-[^\d.]/.test(next);
  if (!isValue) throw new UsageError(`${name} needs a value: expected ${name} ${placeholder}`);
  queue.shift();
  return next;
}

function inlineValue(name: string, { placeholder }: Option, value: string): string {
  if (placeholder !== undefined) return value;
  throw new UsageError(`${name} takes no value, got ${JSON.stringify(value)}`);
}

function unknownFlag(name: string, known: readonly string[]): string {
  const word = name.replace(/^-+/, '').replace(/\.kind$/, ''); // the flag of a choice is its kind
  const undashed = (flag: string) => flag.replace(/^-+/, '');
  const last = word.slice(word.lastIndexOf('.') + 1);
  const close = (text: string) =>
    nearest(
      text,
      known.map(undashed).filter((flag) => flag.length > 1),
    );
  const key = nearestFlag(word); // finds a key in any section: `--depth` means `--model.depth`
  const found = key && known.includes(key) ? undashed(key) : undefined;
  const meant = found?.endsWith(`.${last}`) ? found : (close(word) ?? found ?? close(last));
  return `${name} is not a known flag${meant ? `; did you mean --${meant}?` : ''}`;
}
