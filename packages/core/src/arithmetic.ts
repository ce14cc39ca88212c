/**
 * Values of a batch with element-wise arithmetic: tensors in Node, arrays in a browser. So that both compute with the same
 * formulas, these are written for anything that has these methods. Each makes new values.
 */
export interface Arithmetic<T> {
  /** this + alpha·other */
  add(other: T, options: { readonly alpha: number }): T;
  sub(other: T): T;
  mul(factor: T | number): T;
  div(divisor: T | number): T;
  clamp(low: number, high: number): T;
}
