import { RinError } from '@rin/core';
import type { ModelConfig } from './model.js';

/** The model sections that `parseConfig` returned. A copy is another object, and is not known here. */
const checked = new WeakSet<ModelConfig>();

/** Model sections whose number of classes nobody chose. */
const open = new WeakSet<object>();

/** Notes a section that `parseConfig` returns. */
export function noteChecked(model: ModelConfig): void {
  checked.add(model);
}

/** Notes that nobody chose the number of classes, so that `train` takes it from the data. */
export function leaveClassesOpen(model: object): void {
  open.add(model);
}

/** Whether nobody chose the number of classes of a section. A copy says its number itself. */
export const areClassesOpen = (model: unknown): boolean =>
  typeof model === 'object' && model !== null && open.has(model);

/** @throws RinError if the section does not come from `parseConfig`: it may lack keys, and JavaScript would not notice */
export function requireChecked(model: ModelConfig): void {
  if (!checked.has(model)) {
    throw new RinError(
      "this model section does not come from parseConfig, which adds the defaults and checks the values; use parseConfig({ model: … }, 'my network').model",
    );
  }
}
