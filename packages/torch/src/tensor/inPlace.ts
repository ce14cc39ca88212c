import { callTensor } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { binary, type Operand, overloads } from './operands.js';
import { Shapes } from './shapes.js';

const [add_, sub_, mul_, div_] = ['add_', 'sub_', 'mul_', 'div_'].map(overloads);

/** Methods of a `Tensor` that change it in place and return it. Shape and dtype stay. */
export abstract class InPlace extends Shapes {
  /** Adds alpha·other. */
  add_(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(add_, this, other, alpha);
  }
  /** Subtracts alpha·other. */
  sub_(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(sub_, this, other, alpha);
  }
  /** Multiplies by `other`, element by element. */
  mul_(other: Operand): Tensor {
    return binary(mul_, this, other);
  }
  /** Divides by `other`, element by element. */
  div_(other: Operand): Tensor {
    return binary(div_, this, other);
  }
  /** Copies the elements of `source`, which is broadcast, converted, and moved between devices. */
  copy_(source: Tensor): Tensor {
    return callTensor('aten::copy_', this, source);
  }
  /** Sets every element to 0. */
  zero_(): Tensor {
    return callTensor('aten::zero_', this);
  }
  /** Sets every element to `value`. */
  fill_(value: number): Tensor {
    return callTensor('aten::fill_.Scalar', this, value);
  }
  /** Limits the elements to [min, max]; null = no limit on that side. */
  clamp_(min: number | null, max: number | null): Tensor {
    return callTensor('aten::clamp_', this, min, max);
  }
  /** Replaces each element by its square root. */
  sqrt_(): Tensor {
    return callTensor('aten::sqrt_', this);
  }
  /** this + weight·(end − this) */
  lerp_(end: Tensor, weight: number): Tensor {
    return callTensor('aten::lerp_.Scalar', this, end, weight);
  }
  /** this + value·a·b */
  addcmul_(a: Tensor, b: Tensor, { value = 1 } = {}): Tensor {
    return callTensor('aten::addcmul_', this, a, b, value);
  }
  /** this + value·a/b */
  addcdiv_(a: Tensor, b: Tensor, { value = 1 } = {}): Tensor {
    return callTensor('aten::addcdiv_', this, a, b, value);
  }
}
