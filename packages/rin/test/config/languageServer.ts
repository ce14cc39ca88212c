import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../docs/pages.js';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

/** What an editor shows at a place of a program. */
export interface Editor {
  /** the offered words at the mark `|` */
  complete(program: string): Promise<string[]>;
  /** the text of the box at the mark `|` */
  hover(program: string): Promise<string>;
  /** the messages of the compiler */
  errors(program: string): Promise<string[]>;
  close(): void;
}

/** TypeScript's own language server, in a folder like that of a project that has rin installed. */
export async function openEditor(): Promise<Editor> {
  const folder = mkdtempSync(join(tmpdir(), 'rin-editor-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const compilerOptions = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  const tsc = join(root, 'node_modules/typescript/lib/tsc.js');
  const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { cwd: folder });
  const waiting = new Map<number, (result: unknown) => void>();
  const send = (message: object): void => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  };
  const receive = ({ id, method, params, result }: Message): void => {
    if (id === undefined) return;
    if (method === undefined) waiting.get(id)?.(result);
    // The server asks the editor for its settings; null means none.
    else send({ id, result: method === 'workspace/configuration' ? settingsFor(params) : null });
  };
  let bytes = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const head = /^Content-Length: (\d+)\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(bytes.toString('latin1', 0, 200));
      const end = head ? head[0].length + Number(head[1]) : Number.POSITIVE_INFINITY;
      if (!head || bytes.length < end) return;
      const message = JSON.parse(bytes.toString('utf8', head[0].length, end)) as Message;
      bytes = bytes.subarray(end);
      receive(message);
    }
  });
  let requests = 0;
  const ask = (method: string, params: object): Promise<unknown> => {
    const id = ++requests;
    send({ id, method, params });
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  const rootUri = pathToFileURL(folder).href;
  await ask('initialize', { processId: process.pid, rootUri, capabilities: { textDocument: { diagnostic: {} } } });
  send({ method: 'initialized', params: {} });

  let programs = 0;
  /** Opens a program in the editor. @returns its document, and the place of the mark */
  const show = (program: string) => {
    const at = program.indexOf('|');
    const before = program.slice(0, Math.max(at, 0)).split('\n');
    const text = at < 0 ? program : program.slice(0, at) + program.slice(at + 1);
    const uri = `${rootUri}/program${programs++}.mts`;
    send({
      method: 'textDocument/didOpen',
      params: { textDocument: { uri, languageId: 'typescript', version: 1, text } },
    });
    return {
      textDocument: { uri },
      position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 },
    };
  };
  return {
    async complete(program) {
      const found = (await ask('textDocument/completion', show(program))) as { items: { label: string }[] } | null;
      return (found?.items ?? []).map(({ label }) => label.replace(/\?$/, ''));
    },
    async hover(program) {
      const found = (await ask('textDocument/hover', show(program))) as { contents: { value: string } } | null;
      return found?.contents.value ?? assert.fail('nothing is shown');
    },
    async errors(program) {
      const { textDocument } = show(program);
      const found = (await ask('textDocument/diagnostic', { textDocument })) as { items: { message: string }[] };
      return found.items.map(({ message }) => message);
    },
    close() {
      child.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

/** No settings, for each of those that the server asks for. */
const settingsFor = (params: unknown): null[] => ((params as { items?: unknown[] }).items ?? []).map(() => null);
