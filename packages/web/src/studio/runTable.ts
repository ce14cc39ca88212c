import { count } from '@rin/core';
import { make } from '../page/dom.js';
import type { RunEntry } from './protocol.js';
import { number, timeLeft, when } from './words.js';

/** The address of a run on the page, with the one that it is compared with. */
export const hashOf = (run: string, other = ''): string =>
  `#${new URLSearchParams({ run, ...(other && { with: other }) })}`;

/** Fills the table of runs. Rows that stay keep the focus. @param chosen the run that is shown */
export function showRuns(body: HTMLElement, runs: readonly RunEntry[], chosen: string | undefined): void {
  const focused = body.contains(document.activeElement) ? document.activeElement?.textContent : undefined;
  body.replaceChildren(...runs.map((run) => row(run, run.name === chosen)));
  if (focused) [...body.querySelectorAll('a')].find((link) => link.textContent === focused)?.focus();
}

function row(run: RunEntry, isChosen: boolean): HTMLElement {
  const made = make('tr', '', isChosen ? { class: 'chosen' } : {});
  const name = make('th', '', { scope: 'row' });
  const link = make('a', run.name, { href: hashOf(run.name), ...(isChosen && { 'aria-current': 'true' }) });
  name.append(link);
  made.append(name, make('td', run.state, { class: run.state }));
  if (run.state === 'damaged') {
    made.append(make('td', run.problem ?? '', { colspan: '7', class: 'wrap' }));
    return made;
  }
  const images = run.images === undefined ? '–' : `${count(run.images)} of ${count(run.total ?? run.images)}`;
  const numbers = [
    number(run.loss),
    number(run.validationLoss),
    number(run.imagesPerSecond),
    timeLeft(run.secondsLeft),
  ];
  made.append(
    make('td', run.preset ?? '–'),
    ...[images, ...numbers].map((text) => make('td', text, { class: 'number' })),
    make('td', when(run.written)),
  );
  return made;
}

/** Where a run stands, in a sentence. */
export function stateText({ state, images, total, secondsLeft, problem }: RunEntry): string {
  if (state === 'damaged') return problem ?? 'It cannot be read.';
  const seen = `${count(images ?? 0)} of ${count(total ?? 0)} images`;
  if (state === 'running')
    return `Training: ${seen}${secondsLeft === undefined ? '' : `, ${timeLeft(secondsLeft)} left`}.`;
  if (state === 'finished') return `Finished: ${count(total ?? 0)} images.`;
  return `Interrupted: ${seen}. The same command resumes it.`;
}
