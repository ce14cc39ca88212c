/** The largest divisor of a whole number that is at most `most`. @param most at least 1 */
export function largestDivisor(whole: number, most: number): number {
  let divisor = Math.min(whole, most);
  while (whole % divisor !== 0) divisor--;
  return divisor;
}
