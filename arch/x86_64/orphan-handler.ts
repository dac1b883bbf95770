/**
 * The orphan handler of x86-64 programs. What the kernel passes to it: signal number, siginfo_t (si_code at 8) and
 * ucontext_t (rip at 168, flags at 176), <asm/siginfo.h>, <asm/ucontext.h>, <asm/sigcontext.h>. The code returns through
 * rt_sigreturn(2), which gives every register back: it saves none.
 */
import { littleEndian } from '../../src/base/byte-order.js';
import type { OrphanHandler } from '../module.js';

const handlerOffset = 0x40;
const restorerOffset = 0x11e;
/** SA_SIGINFO, SA_RESTORER, SA_ONSTACK, SA_RESTART: <asm/signal.h>. */
const flags = 0x4n | 0x0400_0000n | 0x0800_0000n | 0x1000_0000n;
const allSignals = (1n << 64n) - 1n;

/** One instruction or datum in a line, as an assembler lists them. */
const listing = `
  6f 75 74 73 74 65 70 00  ; "outstep"
  00 00 00 00 00 00 00 00  ; count of the addresses from 4096 on
  00 00 00 00 00 00 00 00  ; 10: struct sigaction of the default: SIG_DFL,
  00 00 00 04 00 00 00 00  ; SA_RESTORER
  00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00
  8b 46 08                 ; 40: mov 8(%rsi),%eax      what kind of trap
  3d 80 00 00 00           ; cmp $0x80,%eax            SI_KERNEL: int3
  74 1f                    ; je 69
  83 f8 04                 ; cmp $4,%eax               TRAP_HWBKPT: a watchpoint that was left
  74 19                    ; je 68
  83 f8 02                 ; cmp $2,%eax               TRAP_TRACE: a step that was left
  74 09                    ; je 5d
  83 f8 01                 ; cmp $1,%eax               TRAP_BRKPT: a step over a system call
  0f 85 83 00 00 00        ; jne e0
  48 81 a2 b0 00 00 00     ; 5d: andq $~0x100,176(%rdx)
  ff fe ff ff
  c3                       ; 68: ret
  48 8b ba a8 00 00 00     ; 69: mov 168(%rdx),%rdi
  f7 c7 ff 0f 00 00        ; test $0xfff,%edi
  74 f0                    ; je 68
  48 ff cf                 ; dec %rdi
  4c 8d 05 7e 0f 00 00     ; lea 1000(%rip),%r8
  4c 8b 0d 7f ff ff ff     ; mov 8(%rip),%r9
  49 83 e9 01              ; 89: sub $1,%r9
  72 4c                    ; jb db
  4b 39 3c c8              ; cmp %rdi,(%r8,%r9,8)
  75 f4                    ; jne 89
  48 89 ba a8 00 00 00     ; mov %rdi,168(%rdx)        a breakpoint of ours: back to it,
  41 bc 88 13 00 00        ; mov $5000,%r12d           in 5 s at most
  80 3f cc                 ; a2: cmpb $0xcc,(%rdi)     as soon as it is gone
  75 c1                    ; jne 68
  41 83 ec 01              ; sub $1,%r12d
  72 25                    ; jb d2
  49 89 fd                 ; mov %rdi,%r13
  49 89 d6                 ; mov %rdx,%r14
  68 40 42 0f 00           ; push $1000000
  6a 00                    ; push $0
  48 89 e7                 ; mov %rsp,%rdi
  31 f6                    ; xor %esi,%esi
  b8 23 00 00 00           ; mov $35,%eax              nanosleep(2)
  0f 05                    ; syscall
  48 83 c4 10              ; add $16,%rsp
  4c 89 ef                 ; mov %r13,%rdi
  4c 89 f2                 ; mov %r14,%rdx
  eb d0                    ; jmp a2
  48 ff 82 a8 00 00 00     ; d2: incq 168(%rdx)
  eb 05                    ; jmp e0
  80 3f cc                 ; db: cmpb $0xcc,(%rdi)     the thread had been moved on already?
  75 88                    ; jne 68
  bf 05 00 00 00           ; e0: mov $5,%edi           the program's own: what SIGTRAP does by default
  48 8d 35 24 ff ff ff     ; lea 10(%rip),%rsi
  31 d2                    ; xor %edx,%edx
  41 ba 08 00 00 00        ; mov $8,%r10d
  b8 0d 00 00 00           ; mov $13,%eax              rt_sigaction(2)
  0f 05                    ; syscall
  b8 27 00 00 00           ; mov $39,%eax              getpid(2)
  0f 05                    ; syscall
  41 89 c5                 ; mov %eax,%r13d
  b8 ba 00 00 00           ; mov $186,%eax             gettid(2)
  0f 05                    ; syscall
  89 c6                    ; mov %eax,%esi
  44 89 ef                 ; mov %r13d,%edi
  ba 05 00 00 00           ; mov $5,%edx
  b8 ea 00 00 00           ; mov $234,%eax             tgkill(2)
  0f 05                    ; syscall
  c3                       ; ret
  b8 0f 00 00 00           ; 11e: mov $15,%eax         rt_sigreturn(2)
  0f 05                    ; syscall`;

const bytes = listing
  .split('\n')
  .flatMap((line) => line.split(';')[0]?.trim().split(' ') ?? [])
  .filter((word) => word !== '')
  .map((word) => Number.parseInt(word, 16));

export const orphanHandler: OrphanHandler = {
  code: Uint8Array.from(bytes),
  countOffset: 8,
  defaultActionOffset: 0x10,
  actionBytes: 32,
  action(base) {
    const words = [base + BigInt(handlerOffset), flags, base + BigInt(restorerOffset), allSignals];
    return Uint8Array.from(words.flatMap((word) => [...littleEndian(word, 8)]));
  },
};
