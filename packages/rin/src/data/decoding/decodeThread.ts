import { parentPort, workerData } from 'node:worker_threads';
import { decode } from './decode.js';
import type { Answer, Work } from './decodeThreads.js';

/* A thread of DecodeThreads: a picture comes in, its pixels go out. */
const { target, shape }: Work = workerData;

parentPort?.on('message', async ({ id, bytes }: { id: number; bytes: Uint8Array }) => {
  try {
    const pixels = await decode(bytes, target, shape);
    const answer: Answer = { id, pixels };
    parentPort?.postMessage(answer, [pixels.buffer as ArrayBuffer]);
  } catch (error) {
    const answer: Answer = { id, reason: error instanceof Error ? error.message : String(error) };
    parentPort?.postMessage(answer);
  }
});
