import { totalmem } from 'node:os';

/** Bytes of memory that the machine has, or its container may use. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
