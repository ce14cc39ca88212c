import { element, escaped } from '../svg.js';

/** A part of the page with a heading. @param id for links to it */
export const section = (id: string, title: string, ...children: readonly string[]): string =>
  element(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    element('h2', { id: `${id}-title` }, escaped(title)),
    ...children,
  );

/** A part that the reader opens. @param summary HTML */
export const details = (summary: string, ...children: readonly string[]): string =>
  element('details', {}, element('summary', {}, summary), ...children);

/**
 * A table that scrolls in itself on narrow screens.
 * @param rows cells in HTML; the first cell of a row names it
 * @param kind `numeric`: cells are on the right; `oneLine`: their text is never broken
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  kind: 'text' | 'numeric' | 'oneLine' = 'text',
): string {
  const header = element(
    'thead',
    {},
    element('tr', {}, ...head.map((name) => element('th', { scope: 'col' }, escaped(name)))),
  );
  const body = element(
    'tbody',
    {},
    ...rows.map(([name, ...cells]) =>
      element('tr', {}, element('th', { scope: 'row' }, name), ...cells.map((cell) => element('td', {}, cell))),
    ),
  );
  const inner = element('table', { class: kind }, header, body);
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `table: ${head.join(', ')}` },
    inner,
  );
}

/** Names with values; nothing if there are none. @param pairs names and values; values that are not known are left out */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = pairs.flatMap(([name, value]) =>
    value === undefined
      ? []
      : [element('div', {}, element('dt', {}, escaped(name)), element('dd', {}, escaped(value)))],
  );
  return known.length > 0 ? element('dl', {}, ...known) : '';
}
