import { count, roughly } from '@rin/core';

/** `0.0521`, `1.23`, `1,162`; `–` for what is not known. */
export const number = (value: number | undefined): string =>
  value === undefined ? '–' : Math.abs(value) < 999.5 ? String(Number(value.toPrecision(3))) : count(Math.round(value));

/** `40 s`, `12 min`; `–` for what is not known. */
export const timeLeft = (seconds: number | undefined): string => (seconds === undefined ? '–' : roughly(seconds));

/** The local date and time of an ISO time. */
export const when = (time: string | undefined): string =>
  time === undefined ? '–' : new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
