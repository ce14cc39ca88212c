import { UsageError } from '@rin/core';

/** A flag of a command: how it is parsed, and what the help says of it. */
export interface Option {
  /** `--run` */
  readonly flag: string;
  /** another way to write it: `-n`, `--lr` */
  readonly alias?: string;
  /** what its value is called; a flag without one is a switch */
  readonly placeholder?: string;
  readonly description: string;
  /** what the help adds in brackets: range, default */
  readonly notes?: readonly string[];
}

/** A command, as its help shows it. */
export interface Command {
  readonly name: string;
  /** what stands behind the name: `[MODEL] [OPTIONS]` */
  readonly usage: string;
  readonly description: string;
  /** each with what it does */
  readonly examples: readonly (readonly [string, string])[];
  /** how many arguments without dashes it takes at most */
  readonly operands: number;
  readonly sections: readonly { readonly title: string; readonly options: readonly Option[] }[];
  /** said last */
  readonly closing?: string;
  /** @returns the exit code */
  run(given: Given): Promise<number>;
}

/** Flags of every command. */
export const common: readonly Option[] = [
  { flag: '--verbose', description: 'show where in the program an error arose' },
  { flag: '--help', alias: '-h', description: 'show this help' },
];

/** What was typed. */
export class Given {
  constructor(
    /** by flag, never by alias; a switch has the empty text. The last of several wins. */
    readonly flags: ReadonlyMap<string, string>,
    readonly operands: readonly string[],
  ) {}

  has(flag: string): boolean {
    return this.flags.has(flag);
  }

  text(flag: string): string | undefined {
    return this.flags.get(flag);
  }

  /** @throws {UsageError} where it is not a whole number, or below `least` */
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
