/** Decoders, without a program: registers and memory made up, text expected. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { layoutOf } from '../../../arch/struct-layout.js';
import { systemCallsOf } from '../../../arch/system-calls.js';
import { type CallFacts, joinWide } from '../../../src/engines/syscalls/decode/call-facts.js';
import { CallText } from '../../../src/engines/syscalls/decode/call-text.js';
import { MemoryView } from '../../../src/engines/syscalls/decode/memory-view.js';
import { quoted, quotedHex } from '../../../src/engines/syscalls/decode/quoting.js';
import { signatures } from '../../../src/engines/syscalls/decode/signatures/index.js';
import { waitStatusText } from '../../../src/engines/syscalls/decode/structs/processes.js';
import { siginfoText, signalSetText } from '../../../src/engines/syscalls/decode/structs/signals.js';
import { internet6Text } from '../../../src/engines/syscalls/decode/structs/socket-addresses.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Stretches of memory at addresses; nothing else can be read. */
type Memory = Readonly<Record<number, Uint8Array>>;

function reader(memory: Memory): (address: bigint, lengthBytes: number) => Uint8Array {
  return (address, lengthBytes) => {
    for (const [start, bytes] of Object.entries(memory)) {
      const offset = Number(address - BigInt(start));
      if (offset >= 0 && offset < bytes.length) return bytes.subarray(offset, offset + lengthBytes);
    }
    return new Uint8Array();
  };
}

interface Made {
  readonly args: readonly (bigint | number)[];
  readonly result?: bigint | number;
  /** Before the call, and after it where it is different. */
  readonly memory?: Memory;
  readonly later?: Memory;
  readonly machine?: string;
  readonly stringLimit?: number;
}

/** What is shown when the call is made, what when it returns, and its result. */
function shown(
  name: string,
  { args, result = 0, memory = {}, later = memory, machine = 'x86_64', stringLimit = 32 }: Made,
) {
  const { abi } = systemCallsOf({ name: machine });
  const signature = signatures.get(name);
  const text = new CallText(signature);
  const registers = Array.from({ length: 6 }, (_, index) =>
    BigInt.asUintN(8 * abi.longBytes, BigInt(args[index] ?? 0)),
  );
  const facts = (bytes: Memory, returned: bigint | undefined): CallFacts => ({
    abi,
    args: signature === undefined ? registers : joinWide(signature, abi, registers),
    result: returned,
    memory: new MemoryView(reader(bytes)),
    options: { stringLimit, describeDescriptor: undefined },
    stackPointer: 0x9000n,
    notes: text.notes,
  });
  const entry = text.enter(facts(memory, undefined));
  const after = facts(later, BigInt(result));
  const rest = text.leave(after);
  return {
    entry,
    rest,
    whole: `${name}(${entry}${rest}) = ${text.result(after).text}`,
    args: text.arguments,
  };
}

const whole = (name: string, made: Made): string => shown(name, made).whole;

function words(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, (value) => BigInt.asUintN(64, BigInt(value))).buffer);
}

function ints(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('syscalls engine: decoders', () => {
  it('quote bytes as C does', () => {
    assert.equal(quoted(ascii('a"b\\\n\t\x7f\x001\x00x')), '"a\\"b\\\\\\n\\t\\177\\0001\\0x"');
    assert.equal(quoted(Uint8Array.of(0x80, 0x39)), '"\\2009"');
    assert.equal(quotedHex(Uint8Array.of(0, 0xff)), '"\\x00\\xff"');
  });

  it('say in parts what is known when', () => {
    const { entry, rest, args } = shown('read', {
      args: [3, 0x1000, 10],
      result: 2,
      later: { 4096: ascii('hello') },
    });
    assert.equal(entry, '3, ');
    assert.equal(rest, '"he", 10');
    assert.deepEqual(args, ['3', '"he"', '10']);
    assert.equal(
      whole('read', { args: [3, 0x1000, 10], result: -9 }),
      'read(3, 0x1000, 10) = -1 EBADF (Bad file descriptor)',
    );
  });

  it('show addresses where memory cannot be read', () => {
    assert.equal(whole('chdir', { args: [0x1000], result: -14 }), 'chdir(0x1000) = -1 EFAULT (Bad address)');
    assert.equal(whole('chdir', { args: [0] }), 'chdir(NULL) = 0');
    assert.equal(whole('nanosleep', { args: [0x1000, 0] }), 'nanosleep(0x1000, NULL) = 0');
    // The end of memory comes before that of the string.
    assert.equal(whole('chdir', { args: [0x1000], memory: { 4096: ascii('abc') } }), 'chdir(0x1000) = 0');
  });

  it('show paths whole and other strings in part', () => {
    const long = 'x'.repeat(300);
    const memory = { 4096: ascii(`${long}\0`) };
    assert.equal(whole('chdir', { args: [0x1000], memory }), `chdir("${long}") = 0`);
    const cut = `write(1, "${'x'.repeat(32)}"..., 300) = 300`;
    assert.equal(whole('write', { args: [1, 0x1000, 300], memory, result: 300 }), cut);
    assert.match(whole('write', { args: [1, 0x1000, 300], memory, stringLimit: 300 }), /x{300}", 300\)/);
  });

  it('take a mode from open only where it creates', () => {
    const memory = { 4096: ascii('f\0') };
    assert.equal(
      whole('openat', { args: [-100, 0x1000, 0o2000000, 0o777], memory, result: 3 }),
      'openat(AT_FDCWD, "f", O_RDONLY|O_CLOEXEC) = 3',
    );
    assert.equal(
      whole('openat', { args: [-100, 0x1000, 0o101, 0o644], memory, result: 3 }),
      'openat(AT_FDCWD, "f", O_WRONLY|O_CREAT, 0644) = 3',
    );
    // The same bits mean other things on aarch64.
    assert.match(
      whole('openat', { args: [-100, 0x1000, 0o40000], memory, machine: 'aarch64' }),
      /O_RDONLY\|O_DIRECTORY\)/,
    );
    assert.match(whole('openat', { args: [-100, 0x1000, 0o40000], memory }), /O_RDONLY\|O_DIRECT\)/);
  });

  it('join the halves of 64-bit arguments where registers have 32', () => {
    const call = { args: [3, 0, 0, 5, 1], result: -9, machine: 'i386' };
    assert.equal(whole('pread64', call), 'pread64(3, NULL, 0, 4294967301) = -1 EBADF (Bad file descriptor)');
    assert.match(
      whole('mmap2', { args: [0, 4096, 3, 0x22, -1, 1], result: -12, machine: 'i386' }),
      /, -1, 0x1000\) = -1 ENOMEM/,
    );
  });

  it('find the arguments of clone on each machine', () => {
    const flags = 0x3d0f00;
    const x86 = whole('clone', {
      args: [flags, 0x7000, 0x8000, 0x9000, 0xa000],
      result: 77,
      later: { 32768: ints(77) },
    });
    assert.match(
      x86,
      /^clone\(child_stack=0x7000, flags=CLONE_VM\|.*, parent_tid=\[77\], tls=0xa000, child_tidptr=0x9000\) = 77$/,
    );
    const arm = whole('clone', {
      args: [flags, 0x7000, 0x8000, 0xa000, 0x9000],
      machine: 'aarch64',
      result: 77,
      later: { 32768: ints(77) },
    });
    assert.equal(arm, x86);
  });

  it('know the structs of each machine', () => {
    const stat = (machine: string, mode: number): Uint8Array => {
      const { abi } = systemCallsOf({ name: machine });
      const layout = layoutOf(abi.stat, abi);
      const bytes = new Uint8Array(144);
      const view = new DataView(bytes.buffer);
      view.setUint32(layout.offsetOf('st_mode'), mode, true);
      view.setUint32(layout.offsetOf('st_size'), 4711, true);
      return bytes;
    };
    for (const machine of ['x86_64', 'aarch64'])
      assert.equal(
        whole('fstat', { args: [3, 0x1000], later: { 4096: stat(machine, 0o100640) }, machine }),
        'fstat(3, {st_mode=S_IFREG|0640, st_size=4711, ...}) = 0',
      );
    const event = joined(ints(5), ints(7, 9));
    assert.match(
      whole('epoll_ctl', { args: [3, 1, 4, 0x1000], memory: { 4096: event } }),
      /\{events=EPOLLIN\|EPOLLOUT, data=\{u32=7, u64=38654705671\}\}/,
    );
    const wide = joined(ints(5, 0), ints(7, 9));
    assert.match(
      whole('epoll_ctl', { args: [3, 1, 4, 0x1000], memory: { 4096: wide }, machine: 'aarch64' }),
      /data=\{u32=7, u64=38654705671\}/,
    );
  });

  it('show vectors as far as they were filled', () => {
    const memory = { 4096: words(0x2000, 3, 0x3000, 10), 8192: ascii('abc'), 12288: ascii('defghijklm') };
    assert.equal(
      whole('readv', { args: [3, 0x1000, 2], memory, result: 5 }),
      'readv(3, [{iov_base="abc", iov_len=3}, {iov_base="de", iov_len=10}], 2) = 5',
    );
    assert.match(whole('writev', { args: [3, 0x1000, 2], memory, result: 13 }), /"defghijklm"/);
  });

  it('show command lines, and how many variables there are', () => {
    const memory = {
      4096: ascii('/bin/x\0'),
      8192: words(0x1000, 0x3000, 0),
      12288: ascii('a b\0'),
      16384: words(0x3000, 0),
    };
    assert.equal(
      whole('execve', { args: [0x1000, 0x2000, 0x4000], memory, result: -2 }),
      'execve("/bin/x", ["/bin/x", "a b"], 0x4000 /* 1 var */) = -1 ENOENT (No such file or directory)',
    );
  });

  it('show socket addresses', () => {
    const bytes = Uint8Array.of(2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    assert.equal(
      whole('connect', { args: [3, 0x1000, 16], memory: { 4096: bytes } }),
      'connect(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    );
    const filled = { 4096: bytes, 8192: ints(16) };
    assert.equal(
      whole('accept', { args: [3, 0x1000, 0x2000], memory: { 8192: ints(128) }, later: filled, result: 4 }),
      'accept(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, [128 => 16]) = 4',
    );
    assert.equal(internet6Text([0x2001, 0xdb8, 0, 0, 1, 0, 0, 1]), '2001:db8::1:0:0:1');
    assert.equal(internet6Text([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1]), '::ffff:127.0.0.1');
    assert.equal(internet6Text([1, 2, 3, 4, 5, 6, 7, 8]), '1:2:3:4:5:6:7:8');
  });

  it('show signals: sets, siginfo, how children end', () => {
    assert.equal(signalSetText(words(0)), '[]');
    assert.equal(signalSetText(words((1n << 1n) | (1n << 16n))), '[INT CHLD]');
    assert.equal(signalSetText(words(-1n)), '~[]');
    assert.equal(signalSetText(words(~((1n << 31n) | (1n << 32n)))), '~[RTMIN RT_1]');
    const info = new Uint8Array(128);
    info.set(joined(ints(11, 0, 1, 0), words(0xdead)));
    const { abi } = systemCallsOf({ name: 'x86_64' });
    assert.equal(siginfoText(info, abi), '{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0xdead}');
    info.set(joined(ints(17, 0, 1, 0), ints(42, 1000, 3, 0), words(0, 0)));
    assert.equal(
      siginfoText(info, abi),
      '{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=42, si_uid=1000, si_status=3, si_utime=0, si_stime=0}',
    );
    assert.equal(waitStatusText(0x0700), '{WIFEXITED(s) && WEXITSTATUS(s) == 7}');
    assert.equal(waitStatusText(0x8b), '{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}');
    assert.equal(waitStatusText(0x137f), '{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}');
    assert.equal(waitStatusText(0xffff), '{WIFCONTINUED(s)}');
  });

  it('show what is not known as it is', () => {
    assert.equal(
      whole('no_such_call', { args: [1, 2, 3, 4, 5, 6], result: -38 }),
      'no_such_call(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)',
    );
    assert.match(
      whole('ioctl', { args: [1, 0x12345678, 5], result: -25 }),
      /_IOC\(_IOC_NONE, 0x56, 0x78, 0x1234\), 0x5\)/,
    );
    assert.match(
      whole('socket', { args: [99, 1, 0], result: -97 }),
      /^socket\(0x63 \/\* AF_\?\?\? \*\/, SOCK_STREAM, 0\)/,
    );
    assert.match(
      whole('mmap', { args: [0, 1, 0x101, 0x22, -1, 0], result: 0x7000 }),
      /PROT_READ\|0x100, .* = 0x7000$/,
    );
  });

  it('say that a call is made again', () => {
    assert.match(
      whole('read', { args: [0, 0x1000, 1], result: -512 }),
      / = \? ERESTARTSYS \(To be restarted if SA_RESTART is set\)$/,
    );
    assert.match(
      whole('nanosleep', { args: [0, 0], result: -516 }),
      / = \? ERESTART_RESTARTBLOCK \(Interrupted by signal\)$/,
    );
  });
});
