/**
 * The orphan handler of 32-bit programs, as that of 64-bit ones (../x86_64/orphan-handler.ts). It finds on the stack: where
 * it returns to, signal number, siginfo_t (si_code at 8) and ucontext_t (eip at 76, eflags at 84), <asm/sigcontext.h>.
 */
import { littleEndian } from '../../src/base/byte-order.js';
import type { OrphanHandler } from '../module.js';

const countOffset = 8;
/** Zeros: SIG_DFL. */
const defaultActionOffset = 0x10;
/** <asm/signal.h>: handler, flags, restorer (the vDSO has one), 8 bytes of mask. */
const actionBytes = 20;
/** SA_SIGINFO, SA_ONSTACK, SA_RESTART: <asm/signal.h>. */
const flags = 0x4n | 0x0800_0000n | 0x1000_0000n;
const allSignals = (1n << 32n) - 1n;
/** Where the code is. */
export const handlerOffset = 0x30;

/** One instruction in a line, with its address and bytes, as a disassembler lists them. */
export const listing = `
  30: 8b 74 24 08          mov 0x8(%esp),%esi           ; siginfo_t
  34: 8b 54 24 0c          mov 0xc(%esp),%edx           ; ucontext_t
  38: e8 00 00 00 00       call 0x3d
  3d: 5d                   pop %ebp
  3e: 83 ed 3d             sub $0x3d,%ebp               ; where the code is
  41: 8b 46 08             mov 0x8(%esi),%eax           ; what kind of trap
  44: 3d 80 00 00 00       cmp $0x80,%eax               ; SI_KERNEL: int3
  49: 74 17                je 0x62
  4b: 83 f8 04             cmp $0x4,%eax                ; TRAP_HWBKPT: a watchpoint that was left
  4e: 74 11                je 0x61
  50: 83 f8 02             cmp $0x2,%eax                ; TRAP_TRACE: a step that was left
  53: 74 05                je 0x5a
  55: 83 f8 01             cmp $0x1,%eax                ; TRAP_BRKPT: a step over a system call
  58: 75 58                jne 0xb2
  5a: 81 62 54 ff fe ff ff andl $0xfffffeff,0x54(%edx)
  61: c3                   ret                          ; through the vDSO to rt_sigreturn(2)
  62: 8b 7a 4c             mov 0x4c(%edx),%edi          ; where
  65: f7 c7 ff 0f 00 00    test $0xfff,%edi
  6b: 74 f4                je 0x61
  6d: 4f                   dec %edi
  6e: 8b 4d 08             mov 0x8(%ebp),%ecx           ; the addresses, the last one first
  71: 83 e9 01             sub $0x1,%ecx
  74: 72 37                jb 0xad
  76: 39 bc 8d 00 10 00 00 cmp %edi,0x1000(%ebp,%ecx,4)
  7d: 75 f2                jne 0x71
  7f: 89 7a 4c             mov %edi,0x4c(%edx)          ; a breakpoint of ours: back to it,
  82: be 88 13 00 00       mov $0x1388,%esi             ; in 5 s at most
  87: 80 3f cc             cmpb $0xcc,(%edi)            ; as soon as it is gone
  8a: 75 d5                jne 0x61
  8c: 83 ee 01             sub $0x1,%esi
  8f: 72 17                jb 0xa8
  91: 68 40 42 0f 00       push $0xf4240
  96: 6a 00                push $0x0
  98: 89 e3                mov %esp,%ebx
  9a: 31 c9                xor %ecx,%ecx
  9c: b8 a2 00 00 00       mov $0xa2,%eax
  a1: cd 80                int $0x80                    ; nanosleep(2)
  a3: 83 c4 08             add $0x8,%esp
  a6: eb df                jmp 0x87
  a8: ff 42 4c             incl 0x4c(%edx)
  ab: eb 05                jmp 0xb2
  ad: 80 3f cc             cmpb $0xcc,(%edi)            ; the thread had been moved on already?
  b0: 75 af                jne 0x61
  b2: bb 05 00 00 00       mov $0x5,%ebx                ; the program's own: what SIGTRAP does by default
  b7: 8d 4d 10             lea 0x10(%ebp),%ecx
  ba: 31 d2                xor %edx,%edx
  bc: be 08 00 00 00       mov $0x8,%esi
  c1: b8 ae 00 00 00       mov $0xae,%eax
  c6: cd 80                int $0x80                    ; rt_sigaction(2)
  c8: b8 14 00 00 00       mov $0x14,%eax
  cd: cd 80                int $0x80                    ; getpid(2)
  cf: 89 c3                mov %eax,%ebx
  d1: b8 e0 00 00 00       mov $0xe0,%eax
  d6: cd 80                int $0x80                    ; gettid(2)
  d8: 89 c1                mov %eax,%ecx
  da: ba 05 00 00 00       mov $0x5,%edx
  df: b8 0e 01 00 00       mov $0x10e,%eax
  e4: cd 80                int $0x80                    ; tgkill(2)
  e6: c3                   ret`;

const bytes = [...listing.matchAll(/^ +[0-9a-f]+: ((?:[0-9a-f]{2} )+)/gm)].flatMap(([, line = '']) =>
  line
    .trim()
    .split(' ')
    .map((byte) => Number.parseInt(byte, 16)),
);

const code = new Uint8Array(handlerOffset + bytes.length);
code.set(new TextEncoder().encode('outstep'));
code.set(bytes, handlerOffset);

export const orphanHandler: OrphanHandler = {
  code,
  countOffset,
  defaultActionOffset,
  actionBytes,
  action: (base) =>
    Uint8Array.from(
      [base + BigInt(handlerOffset), flags, 0n, allSignals, allSignals].flatMap((word) => [
        ...littleEndian(word, 4),
      ]),
    ),
};
