/** The values of a configuration by dotted path, in its order. A list is one value. Keys that are not set are skipped. */
export function flatten(config: object, path = ''): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, value] of Object.entries(config)) {
    const full = path ? `${path}.${key}` : key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, leaf] of flatten(value, full)) found.set(inner, leaf);
    } else if (value !== undefined) found.set(full, value);
  }
  return found;
}
