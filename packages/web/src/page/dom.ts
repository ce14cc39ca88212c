/** The element with an id. The page has all of them. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`the page has no ${type.name} #${id}`);
}

/** A new element with text in it. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text = '',
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Buttons of which one is chosen. @param names what each is called; their values are 0, 1, … */
export function choices(list: HTMLElement, group: string, names: readonly string[], chosen: number): void {
  list.replaceChildren(
    ...names.map((name, value) => {
      const label = make('label', name);
      const input = make('input', '', { type: 'radio', name: group, value: String(value) });
      input.checked = value === chosen;
      label.prepend(input);
      return label;
    }),
  );
}

/** The number of the chosen one. */
export const chosenIn = (list: HTMLElement): number =>
  Number(list.querySelector<HTMLInputElement | HTMLSelectElement>('input:checked, select')?.value ?? 0);

/** The context of a canvas that is only drawn on. */
export function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const found = canvas.getContext('2d');
  if (!found) throw new TypeError('the browser offers no canvas');
  return found;
}
