import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gamma, oneMinusGamma } from '@rin/core';
import { ScheduleConfig } from '../../src/config/diffusion.js';

const schedule = (value: unknown) => ScheduleConfig.parse(value);

const all = [
  { kind: 'sigmoid' },
  { kind: 'sigmoid', tau: 0.1 },
  { kind: 'sigmoid', start: 0, end: 3, tau: 1.1 },
  { kind: 'cosine' },
  { kind: 'cosine', start: 0.2, end: 1 },
  { kind: 'cosine', tau: 0.7 },
  { kind: 'cosine', start: 0.1, end: 0.9, tau: 1.5 },
  { kind: 'cosine', tau: 0.01 },
  { kind: 'cosine-nichol' },
  { kind: 'linear' },
  { kind: 'log' },
  { kind: 'log', reverse: true },
].map(schedule);

// [t, gamma, 1 - gamma] by mpmath with 40 digits, from the formulas as published (see `gamma`), t being the float64 value.
const exact: [unknown, [number, number, number][]][] = [
  [
    { kind: 'sigmoid', start: -3.0, end: 3.0, tau: 0.9 },
    [
      [1e-6, 0.9999997618695867, 2.381304132716601e-7],
      [0.001, 0.9997611298294795, 0.00023887017052046133],
      [0.3, 0.8129507739598324, 0.18704922604016763],
      [0.5, 0.5, 0.5],
      [0.999, 0.00023887017052046154, 0.9997611298294795],
    ],
  ],
  [
    { kind: 'sigmoid', start: 0.0, end: 3.0, tau: 0.3 },
    [
      [1e-6, 0.9999949995459801, 5.0004540198684264e-6],
      [0.001, 0.9949995876501234, 0.005000412349876631],
      [0.3, 0.09476955528938473, 0.9052304447106153],
      [0.5, 0.013296113341580307, 0.9867038866584197],
      [0.999, 9.125533449677578e-7, 0.999999087446655],
    ],
  ],
  [
    { kind: 'sigmoid', start: -3.0, end: 3.0, tau: 0.1 },
    [
      [1e-6, 1.0, 5.6147422218863475e-18],
      [0.001, 0.9999999999999942, 5.786430882666094e-15],
      [0.3, 0.9999938558254914, 6.1441745086396385e-6],
      [0.5, 0.5, 0.5],
      [0.999, 5.7864308826660985e-15, 0.9999999999999942],
    ],
  ],
  [
    { kind: 'cosine', start: 0.0, end: 1.0, tau: 1.0 },
    [
      [1e-6, 0.9999999999975326, 2.46740110027031e-12],
      [0.001, 0.999997532600929, 2.467399070916944e-6],
      [0.3, 0.7938926261462366, 0.20610737385376343],
      [0.5, 0.5, 0.5],
      [0.999, 2.4673990709169484e-6, 0.999997532600929],
    ],
  ],
  [
    { kind: 'cosine', start: 0.2, end: 1.0, tau: 1.0 },
    [
      [1e-6, 0.999999183386323, 8.166136769754874e-7],
      [0.001, 0.999181976173078, 0.0008180238269219289],
      [0.3, 0.656368247660376, 0.3436317523396239],
      [0.5, 0.38196601125010515, 0.6180339887498949],
      [0.999, 1.7458496828503875e-6, 0.9999982541503172],
    ],
  ],
  [
    { kind: 'cosine', start: 0.0, end: 1.0, tau: 0.7 },
    [
      [1e-6, 0.9999999999982728, 1.7271807701898562e-12],
      [0.001, 0.9999982728200111, 1.7271799888886528e-6],
      [0.3, 0.850811277218272, 0.14918872278172798],
      [0.5, 0.6155722066724582, 0.38442779332754184],
      [0.999, 0.00011873194379102804, 0.999881268056209],
    ],
  ],
  [
    { kind: 'cosine', start: 0.1, end: 0.9, tau: 1.5 },
    [
      [1e-6, 0.9999994005206415, 5.994793584331776e-7],
      [0.001, 0.9993982651600604, 0.0006017348399396407],
      [0.3, 0.6605006090083628, 0.3394993909916371],
      [0.5, 0.3644148523835913, 0.6355851476164087],
      [0.999, 9.56935376379436e-5, 0.9999043064623621],
    ],
  ],
  [
    { kind: 'cosine-nichol' },
    [
      [1e-6, 0.9999999003643555, 9.963564449188692e-8],
      [0.001, 0.9999964487224823, 3.551277517710975e-6],
      [0.3, 0.7937337930878927, 0.20626620691210723],
      [0.5, 0.4998822197216495, 0.5001177802783505],
      [0.999, 2.718947603852908e-6, 0.9999972810523962],
    ],
  ],
  [
    { kind: 'log', start: 0.0001, end: 1.0 },
    [
      [1e-6, 0.9989197640530267, 0.0010802359469732918],
      [0.001, 0.7396616994882564, 0.26033830051174356],
      [0.3, 0.13069435543046226, 0.8693056445695377],
      [0.5, 0.07524664209677963, 0.9247533579032203],
      [0.999, 0.00010861707527468902, 0.9998913829247253],
    ],
  ],
  [
    { kind: 'log', start: 0.0001, end: 1.0, reverse: true },
    [
      [1e-6, 0.9999998914371826, 1.0856281738975497e-7],
      [0.001, 0.9998913829247253, 0.00010861707527468893],
      [0.3, 0.9612791630590198, 0.03872083694098016],
      [0.5, 0.9247533579032203, 0.07524664209677963],
      [0.999, 0.26033830051174367, 0.7396616994882563],
    ],
  ],
];

test('gamma and 1 - gamma have the digits of a 40-digit computation, each where the other has lost them', () => {
  for (const [value, rows] of exact) {
    for (const [t, signal, noise] of rows) {
      // 1e-12: near t = 1 the published interpolation u = t (end - start) + start itself is rounded to 1e-16, which
      // 1 - u = 1e-3 makes 1e-13. Elsewhere a few units in the last place.
      const close = (found: number, expected: number, what: string) =>
        assert.ok(
          Math.abs(found / expected - 1) < 1e-12,
          `${JSON.stringify(value)} ${what}(${t}): ${found}, ${expected}`,
        );
      if (signal >= 1e-9) close(gamma(schedule(value), t), signal, 'gamma');
      if (signal >= 1e-9) close(oneMinusGamma(schedule(value), t), noise, '1 - gamma');
    }
  }
});

test('closed forms: linear is 1 - t; cosine without offsets is the square of cosine and sine', () => {
  for (let i = 1; i < 1000; i++) {
    const t = i / 1000;
    assert.equal(gamma({ kind: 'linear' }, t), 1 - t);
    assert.equal(oneMinusGamma({ kind: 'linear' }, t), t);
    const cosine = schedule({ kind: 'cosine' });
    assert.ok(Math.abs(gamma(cosine, t) / Math.cos((t * Math.PI) / 2) ** 2 - 1) < 1e-12);
    assert.ok(Math.abs(oneMinusGamma(cosine, t) / Math.sin((t * Math.PI) / 2) ** 2 - 1) < 1e-14);
  }
});

test('every schedule falls from 1 to its floor, strictly between, and is never NaN', () => {
  for (const one of all) {
    const name = JSON.stringify(one);
    const nichol = one.kind === 'cosine-nichol';
    const [first, last] = [gamma(one, 0), gamma(one, 1)];
    assert.ok(
      nichol ? Math.abs(first - 0.9999999013532888) < 1e-15 : Math.abs(first - 1) < 1e-15,
      `${name} gamma(0) ${first}`,
    );
    assert.ok(Math.abs(last / (nichol ? 6.165419642843564e-9 : 1e-9) - 1) < 1e-12, `${name} gamma(1) ${last}`);
    assert.equal(nichol ? 0 : oneMinusGamma(one, 0), 0, `${name} 1 - gamma(0)`);
    let [signal, noise] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i <= 1000; i++) {
      const [s, n] = [gamma(one, i / 1000), oneMinusGamma(one, i / 1000)];
      assert.ok(s >= 1e-9 && s <= 1 && n >= 0 && n < 1, `${name} at ${i}: ${s}, ${n}`);
      // Of the two, the small one shows the fall; the other may round to the same number, and both rest at the floor.
      assert.ok(s <= signal && n >= noise && (s < signal || n > noise || s === 1e-9), `${name} is not falling at ${i}`);
      assert.ok(Math.abs(s + n - 1) < 1e-15, `${name} at ${i}: gamma and 1 - gamma sum to ${s + n}`);
      [signal, noise] = [s, n];
    }
  }
});

test('a cosine to a power that is not whole ends at the floor, not at NaN', () => {
  for (const tau of [0.01, 0.3, 0.7, 1.3, 2.2]) {
    const one = schedule({ kind: 'cosine', tau });
    assert.equal(gamma(one, 1), 1e-9);
    assert.equal(oneMinusGamma(one, 1), 1 - 1e-9);
  }
});

test('the sigmoid is symmetric when start and end are, and tends to 1 - t for a large temperature', () => {
  for (let i = 1; i < 20; i++) {
    const t = i / 20;
    const one = schedule({ kind: 'sigmoid' });
    assert.ok(Math.abs(gamma(one, t) - oneMinusGamma(one, 1 - t)) < 1e-15);
    // The first term that is left of the series of the logistic function is of the order 1 / tau^2.
    assert.ok(Math.abs(gamma(schedule({ kind: 'sigmoid', tau: 1e4 }), t) - (1 - t)) < 1e-8);
  }
});

test('reverse swaps the ends of the log schedule', () => {
  const [forward, reverse] = [schedule({ kind: 'log' }), schedule({ kind: 'log', reverse: true })];
  for (let i = 1; i < 20; i++) {
    const t = i / 20;
    assert.ok(Math.abs(gamma(forward, t) - oneMinusGamma(reverse, 1 - t)) < 1e-13);
  }
});
