import { element, make } from '../page/dom.js';
import { differencesOf } from './ask.js';

const [part, text, place] = [
  element('differences', HTMLElement),
  element('differences-text', HTMLElement),
  element('differences-table', HTMLElement),
];
let wanted = '';

/** Shows how two runs differ; undefined hides it. */
export async function showDifferences(runs: readonly [string, string] | undefined): Promise<void> {
  const key = JSON.stringify(runs ?? '');
  part.hidden = !runs;
  if (!runs || key === wanted) {
    wanted = key;
    return;
  }
  wanted = key;
  text.textContent = '…';
  place.hidden = true;
  try {
    const { keys, warning } = await differencesOf(runs);
    if (wanted !== key) return; // other runs were chosen meanwhile
    const none = keys.length === 0 ? 'Configuration and data are the same. ' : '';
    text.textContent = none + (warning ?? '');
    place.hidden = keys.length === 0;
    const table = make('table');
    const head = make('tr');
    head.append(...['key', ...runs].map((name) => make('th', name, { scope: 'col' })));
    const rows = keys.map(({ key: name, values }) => {
      const row = make('tr');
      row.append(make('th', name, { scope: 'row' }), ...values.map((value) => make('td', value, { class: 'wrap' })));
      return row;
    });
    const [header, body] = [make('thead'), make('tbody')];
    header.append(head);
    body.append(...rows);
    table.append(header, body);
    place.replaceChildren(table);
  } catch (error) {
    wanted = '';
    text.textContent = error instanceof Error ? error.message : String(error);
  }
}
