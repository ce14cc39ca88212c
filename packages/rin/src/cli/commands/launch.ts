import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism, constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UsageError } from '@rin/core';
import type { Command, Given } from '../terminal/command.js';
import { keepExitCode } from '../terminal/hangup.js';

/** Seconds that the other processes have to end by themselves after one has failed, then after SIGTERM. */
const grace = { afterFailure: 30, afterTerm: 10 };

const shared = ['train', 'sample', 'evaluate'];

export const command: Command = {
  name: 'launch',
  usage: '--processes N COMMAND [OPTIONS]',
  description:
    'Runs a command in several processes of this machine, which share its work: rin train, rin sample or rin evaluate.\n' +
    'The results are those of one process. Other launchers work too, also over several machines: docs/many-machines.md.',
  examples: [
    ['rin launch --processes 4 train --data my-pictures', 'each batch is split into four parts'],
    ['rin launch --processes 2 sample --seeds 0-999 --out pictures', 'each process draws 500 pictures'],
  ],
  operands: 0,
  takesCommand: true,
  sections: [
    {
      title: 'Launch',
      options: [
        {
          flag: '--processes',
          placeholder: 'N',
          description: 'number of processes; with GPUs, one for each GPU',
          notes: ['at least 1'],
        },
        {
          flag: '--port',
          placeholder: 'PORT',
          description: 'where they find each other',
          notes: ['default: a free one'],
        },
      ],
    },
  ],
  closing:
    'Ctrl-C and SIGTERM go to all processes: they save and end. If one process fails, the others end too.\n' +
    'Each process uses its share of the cores, unless OMP_NUM_THREADS is set.',
  run: launch,
};

async function launch(given: Given): Promise<number> {
  const asked = given.wholeNumber('--processes', 1);
  if (asked === undefined)
    throw new UsageError('rin launch: the number of processes is missing, as in rin launch --processes 4 train …');
  const [name, ...rest] = given.operands;
  if (!shared.includes(name))
    throw new UsageError(
      `rin launch: expected the command train, sample or evaluate after the options, got ${name ?? 'none'}`,
    );
  const processes = rest.includes('--help') || rest.includes('-h') ? 1 : asked;
  const port = given.wholeNumber('--port', 1) ?? (await freePort());
  const program = fileURLToPath(new URL('../../../../bin/rin.js', import.meta.url));
  const threads = String(Math.max(1, Math.floor(availableParallelism() / processes)));
  const children = Array.from({ length: processes }, (_, rank) =>
    spawn(process.execPath, [...process.execArgv, program, name, ...rest], {
      stdio: [rank === 0 ? 'inherit' : 'ignore', 'inherit', 'inherit'],
      env: {
        OMP_NUM_THREADS: threads,
        ...process.env,
        ...{ RANK: String(rank), LOCAL_RANK: String(rank), WORLD_SIZE: String(processes) },
        ...{ MASTER_ADDR: '127.0.0.1', MASTER_PORT: String(port) },
      },
    }),
  );
  return endOf(children);
}

/** Waits for all processes, and passes signals on. @returns the exit code of the first one that failed; 0 if none did */
async function endOf(children: readonly ChildProcess[]): Promise<number> {
  let code = 0;
  const pass = (name: NodeJS.Signals): void => {
    code ||= 128 + constants.signals[name];
    keepExitCode();
    killAll(children, name);
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, pass);
  const all = new AbortController();
  await Promise.all(
    children.map(async (child, rank) => {
      const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
      if (status === 0) return;
      if (signal !== null) console.error(`rank ${rank} was ended by ${signal}`);
      code ||= status ?? 128 + constants.signals[signal ?? 'SIGKILL'];
      void endOthers(children, all.signal);
    }),
  );
  all.abort();
  return code;
}

/** The others notice that a process is missing, and end. If they do not, they are ended. */
async function endOthers(children: readonly ChildProcess[], signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(1000 * grace.afterFailure, undefined, { signal });
    killAll(children, 'SIGTERM');
    await setTimeout(1000 * grace.afterTerm, undefined, { signal });
    killAll(children, 'SIGKILL');
  } catch (error) {
    if (!signal.aborted) throw error; // all have ended
  }
}

function killAll(children: readonly ChildProcess[], name: NodeJS.Signals): void {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill(name);
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 29_500;
}
