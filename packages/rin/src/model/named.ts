import type { Tensor } from '@rin/torch';

/** Tensors by name: parameters, or what is remembered of them. */
export type Named = Readonly<Record<string, Tensor>>;
