import { totalmem } from 'node:os';

/** Bytes of memory of the machine, or of its container if that has a lower limit. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}
