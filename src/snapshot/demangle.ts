/** C++ and Rust names as their sources have them. The demangler is WebAssembly: loaded when a name needs it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getAsset, isSea } from 'node:sea';

export type Demangler = (symbol: string) => string;

const wasmFile = 'gecko-profiler-demangle/index_bg.wasm';

/** In an executable of one file it is an asset. */
function wasmBytes(): Uint8Array {
  if (isSea()) return new Uint8Array(getAsset('demangle.wasm'));
  return readFileSync(createRequire(import.meta.url).resolve(wasmFile));
}

async function load(): Promise<Demangler> {
  const glue = await import('gecko-profiler-demangle/index_bg.js');
  const module = new WebAssembly.Module(wasmBytes());
  const { exports } = new WebAssembly.Instance(module, { './index_bg.js': glue });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return glue.demangle_any;
}

/** Itanium C++ ABI 5.1; Rust RFC 2603. */
function isMangled(symbol: string): boolean {
  return /^_[ZR]/.test(symbol);
}

/** @returns what makes of each symbol what is shown of it: itself, where it is not mangled */
export async function demanglerFor(symbols: Iterable<string>): Promise<Demangler> {
  if (![...symbols].some(isMangled)) return (symbol) => symbol;
  const demangle = await load();
  const known = new Map<string, string>();
  return (symbol) => {
    if (!isMangled(symbol)) return symbol;
    const shown = known.get(symbol) ?? demangle(symbol);
    known.set(symbol, shown);
    return shown;
  };
}
