/** Seeds in the notation of `--seeds`: `0-999`, or `3,8,100-107`. */
export function seedText(seeds: readonly number[]): string {
  const parts: string[] = [];
  for (let first = 0; first < seeds.length; ) {
    let last = first;
    while (seeds[last + 1] === seeds[last] + 1) last++;
    parts.push(last === first ? String(seeds[first]) : `${seeds[first]}-${seeds[last]}`);
    first = last + 1;
  }
  return parts.join(',');
}
