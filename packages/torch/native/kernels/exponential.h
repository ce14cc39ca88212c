// 2^x, with a relative error below 2e-7; 0 for x < −150. A polynomial of degree 6 (least maximal error on ±½) and the exponent.
RIN_INLINE V exp2Of(V x) {
  x = most(spread(-150), x);  // in this order it keeps NaN
  const V magic = spread(12582912);  // 1.5·2²³: the sum has no room for a fraction, so it is rounded
  const V whole = x + magic - magic;
  const V r = x - whole;
  V p = fma(spread(0.00015345810970757157F), r, spread(0.0013399930903688073F));
  p = fma(p, r, spread(0.009618489071726799F));
  p = fma(p, r, spread(0.05550328642129898F));
  p = fma(p, r, spread(0.24022646248340607F));
  p = fma(p, r, spread(0.6931471824645996F));
  return scaled(fma(p, r, spread(1)), whole);
}
