/** The package's own types are of its entry, which only bundlers can load. */
declare module 'gecko-profiler-demangle/index_bg.js' {
  export function demangle_any(symbol: string): string;
  export function __wbg_set_wasm(exports: unknown): void;
}

/** What is used of it: Node's types leave it to those of browsers. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, object>>);
    readonly exports: { readonly __wbindgen_start: () => void };
  }
}
