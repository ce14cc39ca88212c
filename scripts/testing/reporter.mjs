// @ts-check
import { inspect } from 'node:util';

/**
 * @typedef {object} Result   of one test
 * @property {string} name       after the names of the tests around it
 * @property {number} ms
 * @property {string} [skipped]  the reason
 * @property {string} [failed]   the error
 */

/**
 * A reporter for node:test: prints a line of JSON for each finished test, a `Result`. It runs in the process of the test file,
 * so that it can show the whole error.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} events
 */
export default async function* report(events) {
  /** @type {string[]} names of the tests around the current one, by nesting */
  const around = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') around[data.nesting] = data.name;
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') continue;
    const error = type === 'test:fail' ? data.details.error : undefined;
    if (error !== undefined && 'failureType' in error && error.failureType === 'subtestsFailed') continue;
    const name = [...around.slice(0, data.nesting), data.name].join(' › ');
    const reason = [data.skip, data.todo].find((value) => value !== undefined && value !== false);
    /** @type {Result} */
    const result = { name, ms: data.details.duration_ms };
    if (reason !== undefined)
      result.skipped = typeof reason === 'string' && reason !== '' ? reason : 'without a reason';
    else if (error !== undefined)
      result.failed = error.cause instanceof Error ? inspect(error.cause) : String(error.cause ?? error.message);
    yield `${JSON.stringify(result)}\n`;
  }
}
