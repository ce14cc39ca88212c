import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable, printableJson, printableLine, quoted } from '../src/printable.js';

test('control characters come out as their escapes, and what people write stays', () => {
  assert.equal(printable('\x1b[2J\x1b]0;title\x07 \x9b31m \x7f\0'), '\\x1b[2J\\x1b]0;title\\x07 \\x9b31m \\x7f\\x00');
  assert.equal(printable('photo\u202egpj.exe \u2066x\u2069'), 'photo\\u202egpj.exe \\u2066x\\u2069');
  const written = 'Straße, 猫, 🐈‍⬛, naïve, \\x1b, %s\ttab\nnext line';
  assert.equal(printable(written), written);
});

test('every character that a terminal may obey is replaced, and no other below U+0300', () => {
  const kept = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => printable(character) === character,
  );
  const expected = Array.from({ length: 0x300 }, (_, code) => code).filter(
    (code) => code === 9 || code === 10 || (code >= 0x20 && code < 0x7f) || code >= 0xa0,
  );
  assert.deepEqual(
    kept,
    expected.map((code) => String.fromCharCode(code)),
  );
});

test('a name stays on one line', () => {
  assert.equal(printableLine('a\nfinished  100\tb\r'), 'a\\nfinished  100\\tb\\r');
});

test('JSON with such names is printed safely and reads back to the same', () => {
  const value = { 'a\x9b\n': ['\x1b\u202e\x7f', 1, 'ü'] };
  const text = printableJson(value);
  assert.equal(printable(text), text);
  assert.deepEqual(JSON.parse(text), value);
});

test('a path in a command is quoted if a shell would take it apart', () => {
  assert.equal(quoted('runs/00003-a.b'), 'runs/00003-a.b');
  assert.equal(quoted("my runs/it's"), "'my runs/it'\\''s'");
});
