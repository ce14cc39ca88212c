import { setImmediate } from 'node:timers/promises';
import { noGrad, type Tensor } from '@rin/torch';
import type { Ranks } from '../../src/training/ranks.js';

/** Ranks in one process. Processes of their own are in `test/cli/commands/launch.slow.test.ts`. */
export function together(count: number): Ranks[] {
  /** By number of a call: what each rank gave, and the result once all have given. */
  const calls = new Map<number, { given: unknown[]; result?: unknown }>();
  let ended: { readonly error: unknown } | undefined;
  return Array.from({ length: count }, (_, rank): Ranks => {
    let made = 0;
    const meet = async <T, R>(given: T, combine: (all: T[]) => R): Promise<R> => {
      const number = made++;
      const call = calls.get(number) ?? { given: [] };
      calls.set(number, call);
      call.given[rank] = given;
      while (!('result' in call)) {
        if (ended) throw ended.error;
        if (Object.keys(call.given).length === count) call.result = combine(call.given as T[]);
        else await setImmediate();
      }
      return call.result as R;
    };
    return {
      ...{ rank, count, localRank: rank },
      async sum(tensors) {
        const sums = await meet(tensors, (all) =>
          noGrad(() =>
            tensors.map((_, i) => all.slice(1).reduce((sum: Tensor, part) => sum.add(part[i]), all[0][i].clone())),
          ),
        );
        await meet(null, () => null); // nobody may change a tensor before all have added it
        noGrad(() => {
          for (const [i, tensor] of tensors.entries()) tensor.copy_(sums[i]);
        });
      },
      total: (numbers) => meet(numbers, (all) => numbers.map((_, i) => all.reduce((sum, each) => sum + each[i], 0))),
      async copyFirst(tensors) {
        const first = await meet(tensors, (all) => all[0]);
        noGrad(() => {
          for (const [i, tensor] of tensors.entries()) tensor.copy_(first[i]);
        });
      },
      first: async (work) => {
        const value = rank === 0 ? await work() : undefined;
        return meet(value, (all) => all[0]) as ReturnType<typeof work>;
      },
      inTurn: (work) => work(),
      async giveUp(error) {
        ended ??= { error };
      },
      async close() {},
    };
  });
}
