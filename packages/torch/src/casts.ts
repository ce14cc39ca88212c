import { native } from './native.js';

/** What `autocast` is set to for a kind of device. */
export interface Casts {
  readonly device: 'cpu' | 'cuda';
  /** the code of the dtype; −1 = off */
  readonly code: number;
}

/** What `autocast` is set to now. */
export function castsOf(device: string): Casts {
  const kind = device.startsWith('cuda') ? 'cuda' : 'cpu';
  const code = native.setAutocast(kind, -1);
  native.setAutocast(kind, code);
  return { device: kind, code };
}

/** Runs `body` with another setting of `autocast`. */
export function withCasts<T>({ device, code }: Casts, body: () => T): T {
  const before = native.setAutocast(device, code);
  try {
    return body();
  } finally {
    native.setAutocast(device, before);
  }
}
