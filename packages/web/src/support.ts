import { EngineError, engineTitles } from './engine.js';
import type { EngineName } from './manifest.js';

/** A module with one function, which makes a vector of 16 bytes: only an engine with SIMD accepts it. */
const simd = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
  ...[1, 5, 1, 0x60, 0, 1, 0x7b], // one type: () → v128
  ...[3, 2, 1, 0], // one function of this type
  ...[10, 8, 1, 6, 0, 0x41, 0, 0xfd, 0x0f, 0x0b], // its body: i32.const 0, i8x16.splat, end
);

/** The parts of WebGPU that are asked here. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null>;
}

/**
 * @param hasOther  whether another engine could be used: WebAssembly is much faster than a graphics processor in software
 * @throws EngineError with the reason why this browser cannot have the engine
 */
export async function checkSupport(name: EngineName, hasOther: boolean): Promise<void> {
  const lacks = (what: string): never => {
    throw new EngineError(`${engineTitles[name]}: ${what}`);
  };
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(simd))
    lacks('this browser has no WebAssembly with SIMD; use a newer browser');
  if (name === 'wasm') return;
  const gpu = 'gpu' in navigator ? (navigator.gpu as Gpu) : undefined;
  if (!gpu) return lacks('this browser does not offer it here');
  if (!('Suspending' in WebAssembly)) return lacks('this browser cannot suspend WebAssembly (JSPI)');
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return lacks('the browser found no graphics processor');
  if (adapter.info?.isFallbackAdapter && hasOther) lacks('the browser has it in software alone');
}

/**
 * Threads of the WebAssembly engine. More than one needs a page that is cross-origin isolated. They wait
 * actively for each other, so half of the processors are left to others.
 */
export const usualThreads = (): number =>
  globalThis.crossOriginIsolated ? Math.min(4, Math.ceil((navigator.hardwareConcurrency ?? 1) / 2)) : 1;
