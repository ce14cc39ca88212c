import { Handle } from '../handle.js';
import { callTensor } from '../operator.js';
import type { Tensor } from '../tensor.js';
import { binary, type Operand, overloads } from './operands.js';

const [add, sub, mul, div] = ['add', 'sub', 'mul', 'div'].map(overloads);
const [eq, ne, lt, le, gt, ge] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'].map(overloads);
const pow = { tensor: 'aten::pow.Tensor_Tensor', scalar: 'aten::pow.Tensor_Scalar' };

/** Methods of a `Tensor` that compute each element by itself. A second tensor is broadcast. */
export abstract class Elementwise extends Handle {
  /** this + alpha·other, broadcast. */
  add(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(add, this, other, alpha);
  }
  /** this − alpha·other, broadcast. */
  sub(other: Operand, { alpha = 1 } = {}): Tensor {
    return binary(sub, this, other, alpha);
  }
  /** this · other, element by element, broadcast. `matmul` is the product of matrices. */
  mul(other: Operand): Tensor {
    return binary(mul, this, other);
  }
  /** this / other, broadcast. The quotient of integers is float32. */
  div(other: Operand): Tensor {
    return binary(div, this, other);
  }
  /** this to the power of `exponent`, broadcast. */
  pow(exponent: Operand): Tensor {
    return binary(pow, this, exponent);
  }
  /** Where this = other, broadcast; bool. */
  eq(other: Operand): Tensor {
    return binary(eq, this, other);
  }
  /** Where this ≠ other, broadcast; bool. */
  ne(other: Operand): Tensor {
    return binary(ne, this, other);
  }
  /** Where this < other, broadcast; bool. */
  lt(other: Operand): Tensor {
    return binary(lt, this, other);
  }
  /** Where this ≤ other, broadcast; bool. */
  le(other: Operand): Tensor {
    return binary(le, this, other);
  }
  /** Where this > other, broadcast; bool. */
  gt(other: Operand): Tensor {
    return binary(gt, this, other);
  }
  /** Where this ≥ other, broadcast; bool. */
  ge(other: Operand): Tensor {
    return binary(ge, this, other);
  }
  /** −x */
  neg(): Tensor {
    return callTensor('aten::neg', this);
  }
  /** |x| */
  abs(): Tensor {
    return callTensor('aten::abs', this);
  }
  /** −1, 0 or 1: the sign of each element. */
  sign(): Tensor {
    return callTensor('aten::sign', this);
  }
  /** Rounds to the nearest whole number, halves to the even one. */
  round(): Tensor {
    return callTensor('aten::round', this);
  }
  /** The largest whole number that is not above the element. */
  floor(): Tensor {
    return callTensor('aten::floor', this);
  }
  /** The smallest whole number that is not below the element. */
  ceil(): Tensor {
    return callTensor('aten::ceil', this);
  }
  /** x² */
  square(): Tensor {
    return callTensor('aten::square', this);
  }
  /** √x; NaN below 0. */
  sqrt(): Tensor {
    return callTensor('aten::sqrt', this);
  }
  /** 1/√x */
  rsqrt(): Tensor {
    return callTensor('aten::rsqrt', this);
  }
  /** eˣ */
  exp(): Tensor {
    return callTensor('aten::exp', this);
  }
  /** The natural logarithm; −∞ at 0, NaN below. */
  log(): Tensor {
    return callTensor('aten::log', this);
  }
  /** The sine of an angle in radians. */
  sin(): Tensor {
    return callTensor('aten::sin', this);
  }
  /** The cosine of an angle in radians. */
  cos(): Tensor {
    return callTensor('aten::cos', this);
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return callTensor('aten::tanh', this);
  }
  /** 1/(1 + e⁻ˣ) */
  sigmoid(): Tensor {
    return callTensor('aten::sigmoid', this);
  }
  /** max(x, 0) */
  relu(): Tensor {
    return callTensor('aten::relu', this);
  }
  /** x where it is positive, `negativeSlope`·x elsewhere. */
  leakyRelu({ negativeSlope = 0.01 } = {}): Tensor {
    return callTensor('aten::leaky_relu', this, negativeSlope);
  }
  /** ln(1 + e^(βx))/β; x itself where βx is above `threshold`, which differs by less than e^(−threshold)/β. */
  softplus({ beta = 1, threshold = 20 } = {}): Tensor {
    return callTensor('aten::softplus', this, beta, threshold);
  }
  /** x·sigmoid(x) */
  silu(): Tensor {
    return callTensor('aten::silu', this);
  }
  /** The exact GELU, x·Φ(x) by erf; `tanh` is its usual approximation. */
  gelu({ approximate = 'none' }: { approximate?: 'none' | 'tanh' } = {}): Tensor {
    return callTensor('aten::gelu', this, approximate);
  }
  /** Limits the elements to [min, max]; null = no limit on that side. */
  clamp(min: number | null, max: number | null): Tensor {
    return callTensor('aten::clamp', this, min, max);
  }
  /** Where the element is neither infinite nor NaN; bool. */
  isfinite(): Tensor {
    return callTensor('aten::isfinite', this);
  }
}
