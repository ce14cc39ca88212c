// @ts-check

/**
 * The output of set-up.
 *
 * @typedef {object} Log
 * @property {(text: string) => void} fact    something that is in order; not printed by a quiet log
 * @property {(text: string) => void} note    something unusual that has no effect; not printed by a quiet log
 * @property {(text: string) => void} warn    something the user should know
 * @property {(title: string, work: (progress: (text: string) => void) => Promise<unknown>) => Promise<void>} task
 *   a step that takes time; `progress` replaces the text after its title
 */

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const FRAME_MS = 120;
/** Without a terminal a long step prints a line at this interval. */
const PLAIN_MS = 10_000;

/**
 * A log on stderr. On a terminal each step is one moving line with its progress and its time. Elsewhere it prints plain lines.
 *
 * @param {{ quiet?: boolean, stream?: NodeJS.WriteStream }} [options]
 * @returns {Log}
 */
export function createLog({ quiet = false, stream = process.stderr } = {}) {
  const live = stream.isTTY === true && process.env.TERM !== 'dumb';
  const line = (/** @type {string} */ text) => stream.write(`${text}\n`);
  return {
    fact: (text) => {
      if (!quiet) line(`✔ ${text}`);
    },
    note: (text) => {
      if (!quiet) line(`· ${text}`);
    },
    warn: (text) => line(`! ${text}`),
    async task(title, work) {
      const start = performance.now();
      const seconds = (/** @type {number} */ digits) => `${((performance.now() - start) / 1000).toFixed(digits)} s`;
      let text = '';
      let frame = 0;
      const draw = () => {
        const full = `${FRAMES[frame++ % FRAMES.length]} ${title}${text && `: ${text}`}`;
        const time = `  ${seconds(0)}`;
        // Cut to the width, because a wrapped line cannot be overwritten.
        stream.write(`\r\x1b[K${full.slice(0, Math.max(0, stream.columns - time.length - 1))}${time}`);
      };
      if (!live) line(`… ${title}`);
      const timer = live
        ? setInterval(draw, FRAME_MS)
        : setInterval(() => line(`  ${title}${text && `: ${text}`}, ${seconds(0)}`), PLAIN_MS);
      const end = (/** @type {string} */ mark) => {
        clearInterval(timer);
        line(`${live ? '\r\x1b[K' : ''}${mark} ${title} (${seconds(1)})`);
      };
      try {
        await work((now) => {
          text = now;
        });
        end('✔');
      } catch (error) {
        end('✖');
        throw error;
      }
    },
  };
}
