import type { Option } from '../terminal/command.js';
import { type Flag, flags } from './flags.js';

/** Longest placeholder next to a flag. Longer ones are listed in brackets. */
const longestPlaceholder = 22;

/** Every key of a section of the configuration as a flag; '' = the keys outside the sections. */
export function configOptions(section: string): Option[] {
  return flags.filter(({ path }) => sectionOf(path) === section).map(toOption);
}

/**
 * The keys of the `sampling` section without their section: `--steps`. They have no defaults here, because the model's
 * configuration has their defaults.
 */
export function samplingOptions(): Option[] {
  return flags
    .filter(({ path }) => sectionOf(path) === 'sampling')
    .map(({ default: _, ...flag }) => toOption({ ...flag, flag: flag.flag.replace('sampling.', '') }));
}

/** `--device` and `--threads`. */
export function computeOptions(): Option[] {
  return flags
    .filter(({ path }) => path === 'training.device' || path === 'training.threads')
    .map(({ alias: _, ...flag }) => toOption({ ...flag, flag: flag.flag.replace('training.', '') }));
}

/** `--resize` and `--background`. */
export function resizeOptions(): Option[] {
  return flags
    .filter(({ path }) => path === 'data.resize' || path === 'data.background')
    .map((flag) => toOption({ ...flag, flag: flag.flag.replace('data.', '') }));
}

const sectionOf = (path: string): string => path.slice(0, Math.max(0, path.indexOf('.')));

function toOption({ flag, alias, placeholder, range, default: standard, kinds, description }: Flag): Option {
  const isLong = placeholder.length > longestPlaceholder;
  const notes = [
    kinds && `of ${kinds.join(', ')}`,
    isLong && placeholder,
    range,
    standard !== undefined && `default: ${standard}`,
  ];
  return {
    flag,
    ...(alias && { alias }),
    placeholder: isLong ? 'WORD' : placeholder,
    description,
    notes: notes.filter((note) => typeof note === 'string'),
  };
}

/** `--classes` of the commands that draw. */
export const classesOption: Option = {
  flag: '--classes',
  placeholder: 'LIST',
  description: 'names or numbers, repeated over the seeds; "none" = no class',
  notes: ['default: seed modulo number of classes'],
};

/** `--batch` of the commands that draw. */
export const batchOption: Option = {
  flag: '--batch',
  placeholder: 'N',
  description: 'samples denoised together',
  notes: ['at least 1', 'default: 64'],
};
