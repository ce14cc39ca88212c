import { element, make } from '../page/dom.js';
import { stop } from './ask.js';
import { RunLines, showCurves } from './curves.js';
import { showDifferences } from './differences.js';
import { showDrawing } from './drawing.js';
import { showGrids, showSheets } from './grids.js';
import type { RunDetails, RunList, StudioEvents } from './protocol.js';
import { hashOf, showRuns, stateText } from './runTable.js';

const [connection, told] = [element('connection', HTMLElement), element('told', HTMLElement)];
const [problem, problemText] = [element('problem', HTMLElement), element('problem-text', HTMLElement)];
const [other, stopButton] = [element('other', HTMLSelectElement), element('stop', HTMLButtonElement)];

/** A run that the page follows. */
interface Followed {
  readonly lines: RunLines;
  details?: RunDetails;
}

let list: RunList | undefined;
let followed = new Map<string, Followed>();
let events: EventSource | undefined;
/** What the problem on the page is about. */
let complaint: string | undefined;

/** The run that is shown, and the one that it is compared with: those of the address. */
function chosen(): string[] {
  const asked = new URLSearchParams(location.hash.slice(1));
  const usual = list?.runs.find(({ state }) => state === 'running') ?? list?.runs[0];
  const run = asked.get('run') ?? usual?.name;
  const second = asked.get('with');
  return run === undefined ? [] : second === null || second === run ? [run] : [run, second];
}

/** Follows the chosen runs, if they are others than before. */
function follow(): void {
  const names = chosen();
  if (events && names.join('\n') === [...followed.keys()].join('\n')) return;
  followed = new Map(names.map((name) => [name, { lines: new RunLines() }]));
  events?.close();
  told.textContent = '';
  complain('');
  const stream = new EventSource(`events?${new URLSearchParams(names.map((name) => ['run', name]))}`);
  events = stream;
  const on = <Name extends keyof StudioEvents>(name: Name, take: (data: StudioEvents[Name]) => void): void =>
    stream.addEventListener(name, ({ data }: MessageEvent<string>) => {
      if (events !== stream) return; // others were chosen meanwhile
      take(JSON.parse(data) as StudioEvents[Name]);
      show();
    });
  on('list', (data) => {
    list = data;
    if (complaint === 'folder') complain('');
  });
  on('details', (details) => {
    if (complaint === details.run) complain('');
    const run = followed.get(details.run);
    if (run) run.details = details;
  });
  on('lines', (data) => followed.get(data.run)?.lines.take(data));
  on('lost', ({ run, problem: why }) => {
    const found = followed.get(run);
    if (found) delete found.details;
    complain(why.includes(run) ? why : `${run}: ${why}`, run);
  });
  on('problem', (text) => complain(text, 'folder'));
  stream.addEventListener('open', () => {
    connection.textContent = '';
    complain('');
  });
  stream.addEventListener('error', () => {
    connection.textContent = 'The connection is lost: is rin studio still running?';
  });
  show();
}

/** Shows what is known now. */
function show(): void {
  const names = chosen();
  if (!list) return;
  if (names.join('\n') !== [...followed.keys()].join('\n')) {
    follow(); // the list names another run, if the address names none
    return;
  }
  element('folder', HTMLElement).textContent = list.folder;
  element('no-runs', HTMLElement).hidden = list.runs.length > 0;
  element('runs-table', HTMLElement).hidden = list.runs.length === 0;
  showRuns(element('runs', HTMLElement), list.runs, names[0]);
  const runs = names.flatMap((name) => {
    const found = followed.get(name);
    return found?.details ? [{ name, lines: found.lines, details: found.details }] : [];
  });
  const [first] = runs;
  element('run', HTMLElement).hidden = first?.name !== names[0];
  if (!first || first.name !== names[0]) return;
  const { entry, warnings } = first.details;
  document.title = `${entry.name}: rin studio`;
  element('name', HTMLElement).textContent = entry.name;
  element('state', HTMLElement).textContent = stateText(entry);
  stopButton.hidden = entry.state !== 'running';
  if (entry.state !== 'running') told.textContent = '';
  element('warnings', HTMLElement).hidden = warnings.length === 0;
  element('warnings', HTMLElement).replaceChildren(...warnings.map((text) => make('li', text)));
  offerOthers(list, names);
  element('no-curves', HTMLElement).hidden = showCurves(element('charts', HTMLElement), runs);
  showGrids(runs.map(({ details }) => details));
  showSheets(first.details);
  showDrawing(first.details);
  void showDifferences(runs.length === 2 ? [runs[0].name, runs[1].name] : undefined);
}

/** The runs that the shown one can be compared with. */
function offerOthers({ runs }: RunList, [name, second = '']: readonly string[]): void {
  const names = runs.filter((run) => run.name !== name && run.state !== 'damaged').map((run) => run.name);
  if ([...other.options].map(({ value }) => value).join('\n') !== ['', ...names].join('\n'))
    other.replaceChildren(
      make('option', 'no other run', { value: '' }),
      ...names.map((each) => make('option', each, { value: each })),
    );
  other.disabled = names.length === 0;
  other.value = second;
}

/** Says what is wrong; an empty text takes it back. @param about the run or the folder that has to be well again */
function complain(text: string, about?: string): void {
  complaint = about;
  problemText.textContent = text;
  problem.hidden = text === '';
}

other.addEventListener('change', () => {
  const [run] = chosen();
  location.hash = hashOf(run, other.value);
});
stopButton.addEventListener('click', async () => {
  const [run] = chosen();
  if (!confirm(`Stop ${run}? It saves a checkpoint and ends, as with Ctrl-C.`)) return;
  try {
    await stop({ run });
    told.textContent = 'It was asked to stop. It saves a checkpoint, and ends.';
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
  }
});
addEventListener('hashchange', follow);
for (const wide of document.querySelectorAll<HTMLElement>('.scroll')) {
  // The keyboard scrolls it too.
  wide.tabIndex = 0;
  wide.role = 'group';
  wide.ariaLabel = wide.dataset.label ?? '';
}

follow();
