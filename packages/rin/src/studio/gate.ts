import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RinError } from '@rin/core';

/** A request that is refused, with its status of HTTP. */
export class Refused extends RinError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * What every answer has. Nothing of another host is loaded, and no other page may show, open or read an answer: the policies are
 * those of the page itself, and of the browser's process that holds it.
 */
export const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** What a request asks for, once it may. */
export interface Passed {
  readonly method: 'GET' | 'POST';
  /** parts of the path behind the token, decoded */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

/**
 * Lets a request pass that names this machine and the port, comes from the studio's own page or from a user's address line, and
 * has the token. Only a POST changes something, and a browser sends its origin with it.
 * @throws Refused otherwise
 */
export function pass({ method = '', url = '/', headers: sent }: IncomingMessage, port: number, token: string): Passed {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = sent;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)
    throw new Refused(403, `wrong host: expected 127.0.0.1:${port} or localhost:${port}`);
  if (method !== 'GET' && method !== 'POST') throw new Refused(405, 'only GET and POST');
  const isOwn = origin === `http://${host}`;
  if (method === 'POST' ? !isOwn : origin !== undefined && !isOwn) throw new Refused(403, 'wrong origin');
  const isLink = method === 'GET' && mode === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isLink) throw new Refused(403, 'wrong site');
  if (method === 'POST' && !/^application\/json\b/.test(sent['content-type'] ?? ''))
    throw new Refused(415, 'expected application/json');
  const [, given, ...path] = url.replace(/[?#].*/s, '').split('/');
  if (!isEqual(given, token))
    throw new Refused(403, 'wrong token: open the link that rin studio printed; each start has a new one');
  const query = new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '');
  return { method, path: path.map(decoded), query };
}

/** Compares two texts in a time that does not depend on where they differ. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** A part of a path. One that could lead elsewhere is no name of a file. */
function decoded(part: string): string {
  try {
    const name = decodeURIComponent(part);
    if (!/[/\\\0]/.test(name) && name !== '.' && name !== '..') return name;
  } catch {
    // no such text
  }
  throw new Refused(404, 'not found');
}
