import type { Tensor } from '@rin/torch';

/** Tensors by the names of parameters: the parameters themselves, or the state of an optimiser. */
export type Named = Readonly<Record<string, Tensor>>;
