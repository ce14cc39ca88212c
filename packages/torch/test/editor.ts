import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Something that an editor offers where the cursor is. */
export interface Item {
  readonly label: string;
  /** The docstring; only after `resolved`. */
  readonly documentation?: { readonly value: string };
}

interface Message {
  readonly id?: number;
  /** A request or a message of the server has a method, an answer has not. */
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Asks TypeScript's language server, as an editor does. The protocol is JSON-RPC with a header of its length. */
export class Editor {
  readonly #folder: string;
  readonly #server: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (answer: Message) => void>();
  #input = Buffer.alloc(0);
  #sent = 0;

  /** @param folder  a project, with a tsconfig.json @param compiler  the script of TypeScript's compiler */
  constructor(folder: string, compiler: string) {
    this.#folder = folder;
    this.#server = spawn(process.execPath, [compiler, '--lsp', '--stdio']);
    this.#server.stdout.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      while (this.#read());
    });
  }

  /** Reads a message, if a whole one has come. */
  #read(): boolean {
    const start = this.#input.indexOf('\r\n\r\n') + 4;
    const length = Number(/Content-Length: (\d+)/.exec(this.#input.toString('latin1', 0, start))?.[1]);
    if (start < 4 || this.#input.length < start + length) return false;
    const message = JSON.parse(this.#input.toString('utf8', start, start + length)) as Message;
    this.#input = this.#input.subarray(start + length);
    if (message.id === undefined) return true;
    if (message.method !== undefined) this.#send({ id: message.id, result: null });
    else this.#waiting.get(message.id)?.(message);
    return true;
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #tell(method: string, params: object): void {
    this.#send({ method, params });
  }

  #ask<T>(method: string, params: object): Promise<T> {
    const id = ++this.#sent;
    this.#send({ id, method, params });
    return new Promise((done, fail) => {
      this.#waiting.set(id, ({ result, error }) =>
        error ? fail(new Error(JSON.stringify(error))) : done(result as T),
      );
    });
  }

  async start(): Promise<void> {
    const documentation = {
      documentationFormat: ['plaintext'],
      resolveSupport: { properties: ['documentation', 'detail'] },
    };
    await this.#ask('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(this.#folder).href,
      capabilities: { textDocument: { completion: { completionItem: documentation } } },
    });
    this.#tell('initialized', {});
  }

  /** What is offered at the end of a program. */
  async offers(name: string, text: string): Promise<Item[]> {
    const uri = pathToFileURL(join(this.#folder, name)).href;
    this.#tell('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text } });
    const lines = text.split('\n');
    const position = { line: lines.length - 1, character: lines[lines.length - 1].length };
    const { items } = await this.#ask<{ items: Item[] }>('textDocument/completion', {
      textDocument: { uri },
      position,
    });
    return items;
  }

  /** An offer with its docstring. */
  resolved(item: Item): Promise<Item> {
    return this.#ask<Item>('completionItem/resolve', item);
  }

  end(): void {
    this.#server.kill();
  }
}
