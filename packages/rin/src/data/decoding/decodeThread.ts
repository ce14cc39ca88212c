import { parentPort, workerData } from 'node:worker_threads';
import { decode } from './decode.js';
import { type Answer, littleMemory, type Question, type Work } from './decodeThreads.js';

/* A thread of DecodeThreads. It receives pictures and returns their pixels. */
const { target, shape }: Work = workerData;

/** Pictures that wait for memory. */
const waiting = new Map<number, () => void>();

const tell = (answer: Answer, ...transfer: ArrayBuffer[]) => parentPort?.postMessage(answer, transfer);

parentPort?.on('message', async ({ id, bytes, patience }: Question) => {
  if (!bytes) {
    waiting.get(id)?.();
    waiting.delete(id);
    return;
  }
  const admit = async (needs: number) => {
    if (needs >= littleMemory) {
      tell({ id, needs });
      await new Promise<void>((resolve) => waiting.set(id, resolve));
    }
    return () => {}; // the main thread releases the memory when it gets the answer
  };
  try {
    const pixels = await decode(bytes, target, shape, { admit, patience });
    tell({ id, pixels }, pixels.buffer as ArrayBuffer);
  } catch (error) {
    tell({ id, reason: error instanceof Error ? error.message : String(error) });
  }
});
