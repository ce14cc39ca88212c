import { attempt, native } from './native.js';

/** What the calls of one operator with tensors of the same sizes cost together. */
export interface OperatorTime {
  /** Such as `aten::addmm`; bookkeeping of a backward pass bears the name of its node, such as `AddmmBackward0`. */
  readonly operator: string;
  /** Sizes of the tensors that it is given. */
  readonly shapes: readonly (readonly number[])[];
  readonly calls: number;
  /** Seconds spent in it, without those spent in operators that it calls itself. */
  readonly seconds: number;
}

/**
 * Measures where the time goes while `run` works, operators of backward passes included. Measuring costs about a
 * microsecond a call. On a CUDA device, these are the times of the calls, not of the kernels that they start.
 * @returns the operators by the time that they took, most first
 * @throws TorchError while another profile is being taken
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
