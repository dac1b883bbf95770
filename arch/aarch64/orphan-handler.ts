/**
 * The orphan handler of aarch64 programs. What the kernel passes to it: signal number, siginfo_t (si_code at 8) and
 * ucontext_t (pc at 440), <asm-generic/siginfo.h>, <asm/ucontext.h>, <asm/sigcontext.h>. The code returns through
 * rt_sigreturn(2), which gives every register back: it saves none. The pc stays at a breakpoint, where the thread goes on.
 */
import { littleEndian } from '../../src/base/byte-order.js';
import type { OrphanHandler } from '../module.js';
import { instructionBytes, textOf } from './decode.js';

const countOffset = 8;
/** Zeros: SIG_DFL. */
const defaultActionOffset = 0x10;
/** <asm-generic/signal.h>: handler, flags, restorer (which no handler needs here), mask. */
const actionBytes = 32;
/** SA_SIGINFO, SA_ONSTACK, SA_RESTART: <asm-generic/signal-defs.h>. */
const flags = 0x4n | 0x0800_0000n | 0x1000_0000n;
const allSignals = (1n << 64n) - 1n;
/** Where the code is. */
export const handlerOffset = 0x40;

/** One instruction in a line, with its address, as a disassembler lists them. */
export const listing = `
   40: d503245f  bti c                    ; x0: signal, x1: siginfo_t, x2: ucontext_t
   44: b9400823  ldr w3, [x1, #8]         ; what kind of trap
   48: 7100087f  cmp w3, #0x2             ; TRAP_TRACE: a step that was left
   4c: 540003a0  b.eq 0xc0
   50: 7100107f  cmp w3, #0x4             ; TRAP_HWBKPT: a watchpoint that was left
   54: 54000660  b.eq 0x120
   58: 7100047f  cmp w3, #0x1             ; TRAP_BRKPT
   5c: 54000401  b.ne 0xdc
   60: f940dc49  ldr x9, [x2, #440]       ; where
   64: 10007cea  adr x10, 0x1000
   68: 58fffd0b  ldr x11, 0x8
   6c: b40002cb  cbz x11, 0xc4            ; the addresses, the last one first
   70: d100056b  sub x11, x11, #0x1
   74: f86b794c  ldr x12, [x10, x11, lsl #3]
   78: eb09019f  cmp x12, x9
   7c: 54ffff81  b.ne 0x6c
   80: 5282710d  mov w13, #0x1388         ; a breakpoint of ours: back to it, in 5 s at most
   84: 52ba840e  mov w14, #0xd4200000
   88: b940012f  ldr w15, [x9]            ; as soon as it is gone
   8c: 6b0e01ff  cmp w15, w14
   90: 54000181  b.ne 0xc0
   94: 3400024d  cbz w13, 0xdc
   98: 510005ad  sub w13, w13, #0x1
   9c: 5288480f  mov w15, #0x4240
   a0: 72a001ef  movk w15, #0xf, lsl #16
   a4: a9bf3fff  stp xzr, x15, [sp, #-16]!
   a8: 910003e0  mov x0, sp
   ac: d2800001  mov x1, #0x0
   b0: d2800ca8  mov x8, #0x65
   b4: d4000001  svc #0x0                 ; nanosleep(2)
   b8: 910043ff  add sp, sp, #0x10
   bc: 17fffff3  b 0x88
   c0: d65f03c0  ret                      ; through the vDSO to rt_sigreturn(2)
   c4: b940012f  ldr w15, [x9]            ; another one: is it there?
   c8: 320b3fee  mov w14, #0xffe0001f
   cc: 0a0e01ef  and w15, w15, w14
   d0: 52ba840e  mov w14, #0xd4200000
   d4: 6b0e01ff  cmp w15, w14
   d8: 54ffff41  b.ne 0xc0
   dc: d28000a0  mov x0, #0x5             ; the program's own: what SIGTRAP does by default
   e0: 10fff981  adr x1, 0x10
   e4: d2800002  mov x2, #0x0
   e8: d2800103  mov x3, #0x8
   ec: d28010c8  mov x8, #0x86
   f0: d4000001  svc #0x0                 ; rt_sigaction(2)
   f4: d2801588  mov x8, #0xac
   f8: d4000001  svc #0x0                 ; getpid(2)
   fc: aa0003e9  mov x9, x0
  100: d2801648  mov x8, #0xb2
  104: d4000001  svc #0x0                 ; gettid(2)
  108: aa0003e1  mov x1, x0
  10c: aa0903e0  mov x0, x9
  110: d28000a2  mov x2, #0x5
  114: d2801068  mov x8, #0x83
  118: d4000001  svc #0x0                 ; tgkill(2)
  11c: d65f03c0  ret
  120: 5288480f  mov w15, #0x4240         ; back to it in a while: the kernel stops before the access
  124: 72a001ef  movk w15, #0xf, lsl #16
  128: a9bf3fff  stp xzr, x15, [sp, #-16]!
  12c: 910003e0  mov x0, sp
  130: d2800001  mov x1, #0x0
  134: d2800ca8  mov x8, #0x65
  138: d4000001  svc #0x0                 ; nanosleep(2)
  13c: 910043ff  add sp, sp, #0x10
  140: d65f03c0  ret`;

const words = [...listing.matchAll(/^ +[0-9a-f]+: ([0-9a-f]{8})/gm)].map((line) =>
  Number.parseInt(line[1] ?? '', 16),
);

const code = new Uint8Array(handlerOffset + words.length * instructionBytes);
code.set(new TextEncoder().encode('outstep'));
code.set(textOf(words), handlerOffset);

export const orphanHandler: OrphanHandler = {
  code,
  countOffset,
  defaultActionOffset,
  actionBytes,
  action: (base) =>
    Uint8Array.from(
      [base + BigInt(handlerOffset), flags, 0n, allSignals].flatMap((word) => [...littleEndian(word, 8)]),
    ),
};
