import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program as users start it. */
export const bin = fileURLToPath(new URL('../../../bin/rin.js', import.meta.url));

/** What a program said and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RinOptions {
  /** working directory */
  readonly cwd?: string;
  /** another copy of the program */
  readonly program?: string;
  /** variables of the environment beside those of this process */
  readonly variables?: Readonly<Record<string, string>>;
  /** is called with the process when it was started */
  readonly onStart?: (child: ChildProcess) => void;
  /** is called with the process and what it said on stdout so far, whenever there is more */
  readonly onOutput?: (child: ChildProcess, stdout: string) => void;
}

/** Runs `rin` in a process of its own. */
export function rin(
  args: readonly string[],
  { cwd, program = bin, variables, onStart, onOutput }: RinOptions = {},
): Promise<Ended> {
  const { npm_lifecycle_event: _, ...env } = process.env; // it was not npm who called
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart?.(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
    onOutput?.(child, said.stdout);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ code, ...said }));
  });
}
