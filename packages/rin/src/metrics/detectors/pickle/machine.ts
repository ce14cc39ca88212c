import { Opcode as Op } from './opcodes.js';

/** What is wrong with a file, and where. The readers of files add the file's name. */
export class Damaged extends Error {}

/** A tuple of Python. A list is an array, a dict a Map, bytes a Uint8Array, an int a number or a bigint. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** A name that a pickle may use. Calling it makes a plain value; nothing else can be called. */
export interface Callable {
  /** @throws Damaged if the arguments are not as expected */
  call(args: readonly unknown[]): unknown;
}

/** A value that takes its content after it was made. */
export abstract class Buildable {
  /** @throws Damaged if the state is not as expected */
  abstract build(state: unknown): void;
}

/** What a pickle may refer to. Everything else is refused. */
export interface Allowed {
  /** Values of `GLOBAL`, by `module name`: something to call, or a marker. */
  readonly globals: ReadonlyMap<string, Callable | symbol>;
  /** The object behind a persistent id. @throws Damaged if it is not as expected */
  persistent?(id: unknown): unknown;
}

/**
 * Reads one pickle by a small machine that knows the opcodes of plain data, and only the names in `allowed`. It runs no code.
 * Its work and its memory are bounded by the number of bytes: it copies no data, and an opcode makes at most one value from
 * those on the stack. Source: the opcodes of Python's `pickletools`, protocols 2 to 4.
 * @param start  position of the first byte
 * @returns the value, and the position after the pickle
 * @throws Damaged if the pickle is cut short or wrong, or uses anything else
 */
export function unpickle(bytes: Uint8Array, start: number, allowed: Allowed): { value: unknown; end: number } {
  const machine = new Machine(bytes, start, allowed);
  while (machine.step());
  return { value: machine.pop(), end: machine.position };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

class Machine {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #allowed: Allowed;
  readonly #stack: unknown[] = [];
  /** Heights of the stack at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, start: number, allowed: Allowed) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#allowed = allowed;
    this.position = start;
  }

  /** Runs one opcode. @returns false at the end of the pickle */
  step(): boolean {
    const at = this.position;
    const opcode = this.#take(1)[0];
    switch (opcode) {
      case Op.STOP:
        return false;
      case Op.PROTO:
        if (this.#take(1)[0] > 5) throw new Damaged(`an unknown protocol at byte ${at}`);
        return true;
      case Op.FRAME:
        this.#length(8);
        return true;
      case Op.MARK:
        this.#marks.push(this.#stack.length);
        return true;
      case Op.APPEND:
        return this.#append([this.pop()]);
      case Op.APPENDS:
        return this.#append(this.#popMark());
      case Op.SETITEM: {
        const value = this.pop();
        return this.#setItems([this.pop(), value]);
      }
      case Op.SETITEMS:
        return this.#setItems(this.#popMark());
      case Op.BINPUT:
        return this.#put(this.#length(1));
      case Op.LONG_BINPUT:
        return this.#put(this.#length(4));
      case Op.MEMOIZE:
        return this.#put(this.#memo.size);
      case Op.BUILD:
        return this.#build(this.pop());
      default:
        this.#stack.push(this.#make(opcode, at));
        return true;
    }
  }

  /** The value of an opcode that pushes one. */
  #make(opcode: number, at: number): unknown {
    switch (opcode) {
      case Op.NONE:
        return null;
      case Op.NEWTRUE:
        return true;
      case Op.NEWFALSE:
        return false;
      case Op.BININT:
        this.#take(4);
        return this.#view.getInt32(at + 1, true);
      case Op.BININT1:
        return this.#length(1);
      case Op.BININT2:
        return this.#length(2);
      case Op.LONG1:
        return integer(this.#take(this.#length(1)));
      case Op.BINFLOAT:
        this.#take(8);
        return this.#view.getFloat64(at + 1, false);
      case Op.SHORT_BINUNICODE:
        return this.#text(this.#length(1));
      case Op.BINUNICODE:
        return this.#text(this.#length(4));
      case Op.SHORT_BINBYTES:
        return this.#take(this.#length(1));
      case Op.BINBYTES:
        return this.#take(this.#length(4));
      case Op.BINBYTES8:
        return this.#take(this.#length(8));
      case Op.EMPTY_LIST:
        return [];
      case Op.EMPTY_DICT:
        return new Map();
      case Op.EMPTY_TUPLE:
        return new Tuple([]);
      case Op.TUPLE1:
        return this.#tuple(1);
      case Op.TUPLE2:
        return this.#tuple(2);
      case Op.TUPLE3:
        return this.#tuple(3);
      case Op.TUPLE:
        return new Tuple(this.#popMark());
      case Op.BINGET:
        return this.#get(this.#length(1));
      case Op.LONG_BINGET:
        return this.#get(this.#length(4));
      case Op.GLOBAL:
        return this.#global(this.#line(), this.#line());
      case Op.STACK_GLOBAL: {
        const name = this.pop();
        return this.#global(this.pop(), name);
      }
      case Op.REDUCE:
        return this.#reduce();
      case Op.BINPERSID:
        if (!this.#allowed.persistent) throw new Damaged(`a reference to another file at byte ${at}`);
        return this.#allowed.persistent(this.pop());
      default:
        throw new Damaged(
          `the opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at}, which plain data do not use`,
        );
    }
  }

  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      throw new Damaged(`a value is missing at byte ${this.position}`);
    return this.#stack.pop();
  }

  #popMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new Damaged(`a mark is missing at byte ${this.position}`);
    return this.#stack.splice(mark);
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.position)
      throw new Damaged(`it is cut short: ${length} more bytes were expected at byte ${this.position}`);
    const taken = this.#bytes.subarray(this.position, this.position + length);
    this.position += length;
    return taken;
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes. */
  #length(width: 1 | 2 | 4 | 8): number {
    const at = this.position;
    this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    if (width === 2) return this.#view.getUint16(at, true);
    if (width === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new Damaged(`a text that is not UTF-8 before byte ${this.position}`);
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.position);
    if (end < 0 || end - this.position > longestName)
      throw new Damaged(`a name without an end at byte ${this.position}`);
    const text = this.#text(end - this.position);
    this.position++;
    return text;
  }

  #tuple(count: number): Tuple {
    const items = Array.from({ length: count }, () => this.pop());
    return new Tuple(items.reverse());
  }

  #get(index: number): unknown {
    if (!this.#memo.has(index)) throw new Damaged(`an unknown value ${index} at byte ${this.position}`);
    return this.#memo.get(index);
  }

  #top(): unknown {
    const top = this.pop();
    this.#stack.push(top);
    return top;
  }

  #put(index: number): true {
    this.#memo.set(index, this.#top());
    return true;
  }

  #append(values: readonly unknown[]): true {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Damaged(`values for a list that is none at byte ${this.position}`);
    for (const value of values) list.push(value);
    return true;
  }

  #setItems(items: readonly unknown[]): true {
    const dict = this.#top();
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new Damaged(`items for a dict that is none at byte ${this.position}`);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
    return true;
  }

  #global(module: unknown, name: unknown): unknown {
    const key = `${typeof module === 'string' ? module : '?'} ${typeof name === 'string' ? name : '?'}`;
    const found = this.#allowed.globals.get(key);
    if (found === undefined)
      throw new Damaged(`it asks for ${JSON.stringify(key)} at byte ${this.position}, which is not allowed`);
    return found;
  }

  #reduce(): unknown {
    const args = this.pop();
    const callable = this.pop();
    if (!(args instanceof Tuple) || typeof callable !== 'object' || callable === null || !('call' in callable))
      throw new Damaged(`a call of something that cannot be called at byte ${this.position}`);
    return (callable as Callable).call(args.items);
  }

  // An OrderedDict of PyTorch has attributes, which carry no weights.
  #build(state: unknown): true {
    const target = this.#top();
    if (target instanceof Buildable) target.build(state);
    else if (!(target instanceof Map && state instanceof Map))
      throw new Damaged(`a state for something that has none at byte ${this.position}`);
    return true;
  }
}

/** Limit in bytes for the name of a module. */
const longestName = 256;

/** A whole number from little-endian bytes in two's complement. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}
