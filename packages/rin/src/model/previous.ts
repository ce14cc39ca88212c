import type { Tensor } from '@rin/torch';
import type { Previous } from './pass.js';

const names = ['latents', 'interface', 'data'] as const satisfies readonly (keyof Previous)[];

/** The tensors of a state. */
export const stateTensors = (state: Previous): Tensor[] => names.flatMap((name) => state[name] ?? []);

/** A state with each of its tensors changed. */
export const changeState = (state: Previous, change: (tensor: Tensor) => Tensor): Previous =>
  Object.fromEntries(
    names.flatMap((name) => {
      const tensor = state[name];
      return tensor ? [[name, change(tensor)]] : [];
    }),
  );
