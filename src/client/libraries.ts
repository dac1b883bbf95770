/** What is loaded into a process, as the server's dynamic linker has it. */
import {
  type PlainLibrary,
  parsePlainLibraries,
  parseSvr4Libraries,
  type Svr4Library,
} from 'gdb-js-rsp-parser/documents';

/**
 * A shared library of a program: with the addresses of its link map, or with those of its segments or sections (GDB
 * manual, "Library List Format for SVR4 Targets", "Library List Format").
 */
export type Library =
  /** Of a dynamic linker with link maps. */
  ({ readonly kind: 'svr4' } & Svr4Library) | ({ readonly kind: 'plain' } & PlainLibrary);

/** `qXfer:libraries-svr4:read`. @throws ProtocolError */
export function svr4Libraries(text: string): Library[] {
  return parseSvr4Libraries(text).libraries.map((library) => ({ kind: 'svr4', ...library }));
}

/** `qXfer:libraries:read`. @throws ProtocolError */
export function plainLibraries(text: string): Library[] {
  return parsePlainLibraries(text).map((library) => ({ kind: 'plain', ...library }));
}
