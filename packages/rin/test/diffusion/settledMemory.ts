import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Memory, memory } from '@rin/torch';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What tensors hold after the garbage of earlier tests is gone, so that it cannot go while a test counts. */
export async function settledMemory(): Promise<Memory> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await setImmediate(); // finalizers run
  }
  return memory();
}
