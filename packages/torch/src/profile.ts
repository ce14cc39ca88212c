import { attempt, native } from './native.js';

/** The total time of all calls of one operator with tensors of the same sizes. */
export interface OperatorTime {
  /** Such as `aten::addmm`. Bookkeeping of a backward pass has the name of its node, such as `AddmmBackward0`. */
  readonly operator: string;
  /** Sizes of its tensor arguments. */
  readonly shapes: readonly (readonly number[])[];
  readonly calls: number;
  /** Seconds in the operator itself, without the operators that it calls. */
  readonly seconds: number;
}

/**
 * Measures the time of each operator while `run` works, backward passes included. Measuring costs about a microsecond for
 * each call. On a CUDA device the times are those of the calls, not of the kernels that they start.
 * @returns the operators, the slowest first
 * @throws TorchError if another profile is running
 */
export async function profile(run: () => unknown): Promise<OperatorTime[]> {
  attempt('profile', () => native.startProfile());
  let text = '';
  try {
    await run();
  } finally {
    text = native.stopProfile();
  }
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map(readLine).sort((a, b) => b.seconds - a.seconds);
}

function readLine(line: string): OperatorTime {
  const [call, ...shapes] = line.split('\t');
  const [, calls, nanoseconds, operator] = /^(\d+) (\d+) (.*)$/.exec(call) ?? [];
  return {
    operator,
    shapes: shapes.map((shape) => JSON.parse(shape) as number[]),
    calls: Number(calls),
    seconds: Number(nanoseconds) / 1e9,
  };
}
