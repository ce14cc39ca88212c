import { UsageError } from '@rin/core';

/** A flag of a command: how it is parsed, and its line in the help. */
export interface Option {
  /** `--run` */
  readonly flag: string;
  /** another way to write it: `-n`, `--lr` */
  readonly alias?: string;
  /** name of its value in the help; a flag without one is a switch */
  readonly placeholder?: string;
  readonly description: string;
  /** texts that the help adds in brackets: range, default */
  readonly notes?: readonly string[];
}

/** A command, as its help shows it. */
export interface Command {
  readonly name: string;
  /** the arguments after the name: `[MODEL] [OPTIONS]` */
  readonly usage: string;
  readonly description: string;
  /** each example with its effect */
  readonly examples: readonly (readonly [string, string])[];
  /** most arguments without dashes */
  readonly operands: number;
  /** whether the first argument without dashes is a command, and all after it belongs to that command */
  readonly takesCommand?: boolean;
  /** what the user may have meant by an argument that is one too many, such as `--data frames` */
  readonly meant?: (argument: string) => string | undefined;
  readonly sections: readonly { readonly title: string; readonly options: readonly Option[] }[];
  /** last paragraph of the help */
  readonly closing?: string;
  /** @returns the exit code */
  run(given: Given): Promise<number>;
}

/** Flags of every command. */
export const common: readonly Option[] = [
  { flag: '--verbose', description: 'show where in the program an error occurred' },
  { flag: '--help', alias: '-h', description: 'show this help' },
];

/** The arguments that the user typed. */
export class Given {
  constructor(
    /** values by flag, never by alias; a switch has the empty text. If a flag is repeated, the last value counts. */
    readonly flags: ReadonlyMap<string, string>,
    readonly operands: readonly string[],
  ) {}

  has(flag: string): boolean {
    return this.flags.has(flag);
  }

  text(flag: string): string | undefined {
    return this.flags.get(flag);
  }

  /** @throws UsageError if it is not a whole number, or below `least` */
  wholeNumber(flag: string, least: number): number | undefined {
    const text = this.flags.get(flag);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number;
    throw new UsageError(`${flag} ${text}: expected a whole number, at least ${least}`);
  }
}

/** Every way to write a flag. */
export const namesOf = ({ flag, alias }: Option): string[] => (alias ? [alias, flag] : [flag]);
