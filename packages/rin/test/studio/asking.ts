import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { StudioEvents } from '@rin/web/studio';
import type { Studio } from '../../src/studio/studio.js';

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

/** Sends a request as it stands. The path is behind the token, or from the root if it begins with a slash. */
function send({ url }: Studio, path: string, { method = 'GET', headers = {}, body }: Asked = {}): ClientRequest {
  const { port, pathname, origin } = new URL(url);
  const post = method === 'POST' ? { Origin: origin, 'Content-Type': 'application/json' } : {};
  const whole = path.startsWith('/') ? path : pathname + path;
  const sent = request({ host: '127.0.0.1', port, path: whole, method, headers: { ...post, ...headers } });
  sent.end(body && JSON.stringify(body));
  return sent;
}

async function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = await once(sent, 'response');
  return answer as IncomingMessage;
}

/** The whole answer. */
export async function ask(studio: Studio, path: string, asked: Asked = {}) {
  const answer = await answerOf(send(studio, path, asked));
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  return { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString() };
}

/** The answers of a POST, line by line; closing the generator closes the connection. */
export async function* lines(studio: Studio, path: string, body: object): AsyncGenerator<Record<string, unknown>> {
  const answer = await answerOf(send(studio, path, { method: 'POST', body }));
  try {
    let text = '';
    for await (const part of answer.setEncoding('utf8')) {
      const all = (text + String(part)).split('\n');
      text = all.pop() ?? '';
      for (const line of all) yield JSON.parse(line) as Record<string, unknown>;
    }
  } finally {
    answer.destroy();
  }
}

/** What the studio tells a page. */
export class Listening implements Disposable {
  readonly #answer: IncomingMessage;
  readonly #events: { readonly name: string; readonly data: unknown }[] = [];

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
    let text = '';
    answer.setEncoding('utf8').on('data', (part: string) => {
      const all = (text + part).split('\n\n');
      text = all.pop() ?? '';
      for (const event of all) {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? assert.fail(event);
        this.#events.push({ name, data: JSON.parse(data) });
      }
    });
  }

  static async to(studio: Studio, ...runs: readonly string[]): Promise<Listening> {
    const query = new URLSearchParams(runs.map((run): [string, string] => ['run', run]));
    return new Listening(await answerOf(send(studio, `events?${query}`)));
  }

  /** The next event of a kind that is as wanted; those before it are passed over. */
  async next<Name extends keyof StudioEvents>(
    name: Name,
    isWanted: (data: StudioEvents[Name]) => boolean = () => true,
  ): Promise<StudioEvents[Name]> {
    for (;;) {
      const at = this.#events.findIndex((each) => each.name === name && isWanted(each.data as StudioEvents[Name]));
      if (at >= 0) return this.#events.splice(0, at + 1)[at].data as StudioEvents[Name];
      await once(this.#answer, 'data');
    }
  }

  [Symbol.dispose](): void {
    this.#answer.destroy();
  }
}
