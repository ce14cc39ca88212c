import { expand } from '@rin/core';
import type { Picture } from '../picture.js';

let audio: AudioContext | undefined;
let playing: AudioBufferSourceNode | undefined;

/** The lowest rate that every browser plays (Web Audio API, `createBuffer`). */
const lowestRate = 8000;

/** Plays a sound, instead of the one before it. @param rate samples per second */
export function playSound({ data }: Picture, rate: number): void {
  audio ??= new AudioContext();
  playing?.stop();
  const times = Math.ceil(lowestRate / rate);
  const values = expand(data);
  const amplitudes = Float32Array.from({ length: times * values.length }, (_, i) => values[Math.floor(i / times)]);
  const buffer = audio.createBuffer(1, amplitudes.length, times * rate);
  buffer.copyToChannel(amplitudes, 0);
  playing = audio.createBufferSource();
  playing.buffer = buffer;
  playing.connect(audio.destination);
  void audio.resume(); // a browser may have suspended it, for a call or in the background
  playing.start();
}

/** Sounds one after the other as a WAV file with 16-bit PCM and one channel. */
export function wavOf(sounds: readonly Picture[], rate: number): Blob {
  const amplitudes = sounds.map(({ data }) => expand(data));
  const length = amplitudes.reduce((sum, each) => sum + each.length, 0);
  const file = new DataView(new ArrayBuffer(44 + 2 * length));
  const word = (at: number, text: string): void => {
    for (let i = 0; i < text.length; i++) file.setUint8(at + i, text.charCodeAt(i));
  };
  word(0, 'RIFF');
  file.setUint32(4, file.byteLength - 8, true);
  word(8, 'WAVEfmt ');
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // PCM
  file.setUint16(22, 1, true); // channels
  file.setUint32(24, rate, true);
  file.setUint32(28, 2 * rate, true); // bytes in a second
  file.setUint16(32, 2, true); // bytes of a sample
  file.setUint16(34, 16, true); // bits of a sample
  word(36, 'data');
  file.setUint32(40, 2 * length, true);
  let at = 44;
  for (const each of amplitudes) {
    for (const a of each) {
      file.setInt16(at, Math.round(a * 32767), true);
      at += 2;
    }
  }
  return new Blob([file.buffer], { type: 'audio/wav' });
}
