/*
 * usage: raw-limit ROW NAME=ADDRESS... -- WORKLOAD...: what ptrace allows when a debugger does nothing but the row's own
 * work, in C, without packets. Runs the workload to ready(), prints "ready", waits for a line, does the row, and prints
 * the nanoseconds and how many operations it counted. Addresses (hexadecimal): ready, finished, hot, done, watched,
 * memory, loop_end, jumps_start, jumps_end.
 * `step` serves its row to the benchmark's client over a socket instead, because there the packets are the operation.
 * `start` and `attach PID` need no workload at ready(); `pread PATH BYTES` needs none at all.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-clock.h"
#include "pattern.h"

enum { HOT_LAST = 0x7fffffff, PIECE_BYTES = 1 << 20, TRAP = 0xcc, SYSTEM_CALL_STOP = SIGTRAP | 0x80 };

static pid_t leader;
static char **names;

static __attribute__((noreturn)) void fail(const char *what) {
  fprintf(stderr, "raw-limit: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t address(const char *name) {
  size_t length = strlen(name);
  for (char **entry = names; *entry != NULL; entry++)
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return strtoul(*entry + length + 1, NULL, 16);
  fail(name);
}

static long trace(int request, pid_t tid, uintptr_t where, uintptr_t data) {
  long result = ptrace(request, tid, where, data);
  if (result == -1 && errno != 0 && errno != ESRCH) fail("ptrace");
  return result;
}

static pid_t wait_any(int *status) {
  pid_t tid = waitpid(-1, status, __WALL);
  if (tid < 0) fail("waitpid");
  return tid;
}

static struct user_regs_struct registers_of(pid_t tid) {
  struct user_regs_struct registers;
  trace(PTRACE_GETREGS, tid, 0, (uintptr_t)&registers);
  return registers;
}

static uint8_t put_byte(uint64_t where, uint8_t byte) {
  errno = 0;
  long word = trace(PTRACE_PEEKTEXT, leader, where, 0);
  trace(PTRACE_POKETEXT, leader, where, (word & ~0xffl) | byte);
  return word & 0xff;
}

static void transfer(bool is_write, uint64_t where, void *local, size_t length) {
  struct iovec here = {local, length}, there = {(void *)where, length};
  ssize_t got = is_write ? process_vm_writev(leader, &here, 1, &there, 1, 0)
                         : process_vm_readv(leader, &here, 1, &there, 1, 0);
  if (got != (ssize_t)length) fail("memory of the program");
}

static bool is_trap(int status) { return WIFSTOPPED(status) && status >> 8 == SIGTRAP; }

static int event_of(int status) { return status >> 16; }

/* The signal to deliver when the thread is resumed from a stop that no row cares for. */
static int passed_signal(int status) {
  int signal = WSTOPSIG(status) & 0x7f;
  return event_of(status) != 0 || signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

/* Lets everything run until a thread has gone over the trap at `where`, which stays stopped in front of it. */
static void run_to(uint64_t where, long options) {
  uint8_t original = put_byte(where, TRAP);
  trace(PTRACE_SETOPTIONS, leader, 0, options);
  trace(PTRACE_CONT, leader, 0, 0);
  for (;;) {
    int status;
    pid_t tid = wait_any(&status);
    if (!WIFSTOPPED(status)) continue;
    if (is_trap(status)) {
      struct user_regs_struct registers = registers_of(tid);
      registers.rip = where;
      trace(PTRACE_SETREGS, tid, 0, (uintptr_t)&registers);
      break;
    }
    trace(PTRACE_CONT, tid, 0, passed_signal(status));
  }
  put_byte(where, original);
}

/* Only getppid is told to the tracer. */
static void install_filter(int number) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof rules / sizeof rules[0], rules};
  if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) fail("PTRACE_TRACEME");
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) fail("seccomp");
}

static void launch(char **command, int filtered_call) {
  leader = fork();
  if (leader == 0) {
    if (filtered_call >= 0) install_filter(filtered_call);
    else ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(command[0], command);
    _exit(127);
  }
  int status;
  if (waitpid(leader, &status, 0) != leader || !WIFSTOPPED(status)) fail(command[0]);
}

/* What a row does between its clock's start and end; returns how many operations it counted. */
typedef long (*work)(void);

static long continue_to_end(int request, long (*on_stop)(pid_t tid, int status)) {
  long counted = 0;
  trace(request, leader, 0, 0);
  for (;;) {
    int status;
    pid_t tid = wait_any(&status);
    if (!WIFSTOPPED(status)) {
      if (tid == leader) return counted;
      continue;
    }
    long result = on_stop(tid, status);
    if (result < 0) return counted;
    counted += result;
    trace(request, tid, 0, passed_signal(status));
  }
}

static struct user_regs_struct trap_registers(pid_t tid, uint64_t where) {
  struct user_regs_struct registers = registers_of(tid);
  if (registers.rip != where + 1) fail("a trap that is not ours");
  return registers;
}

/* hot() begins with push %rbp, which is carried out here: one stop for each hit. */
static long pass_hot(pid_t tid, int status) {
  if (!is_trap(status)) return 0;
  struct user_regs_struct registers = trap_registers(tid, address("hot"));
  if (registers.rdi == HOT_LAST) return -1;
  registers.rsp -= 8;
  uint64_t pushed = registers.rbp;
  trace(PTRACE_POKEDATA, tid, registers.rsp, pushed);
  trace(PTRACE_SETREGS, tid, 0, (uintptr_t)&registers);
  return 1;
}

static long pass_hits(void) {
  put_byte(address("hot"), TRAP);
  return continue_to_end(PTRACE_CONT, pass_hot);
}

static void set_debug_register(int number, uint64_t value) {
  trace(PTRACE_POKEUSER, leader, offsetof(struct user, u_debugreg[number]), value);
}

static long pass_watch(pid_t tid, int status) {
  if (!is_trap(status)) return 0;
  uint64_t value;
  errno = 0;
  long hit = trace(PTRACE_PEEKUSER, tid, offsetof(struct user, u_debugreg[6]), 0) & 1;
  if (!hit) return -1;
  transfer(false, address("watched"), &value, sizeof value);
  set_debug_register(6, 0);
  return 1;
}

static long pass_watches(void) {
  put_byte(address("finished"), TRAP);
  set_debug_register(0, address("watched"));
  set_debug_register(7, 1 | 1 << 16 | 2 << 18);
  return continue_to_end(PTRACE_CONT, pass_watch);
}

static long run_loop(void) {
  int status;
  put_byte(address("loop_end"), TRAP);
  trace(PTRACE_CONT, leader, 0, 0);
  wait_any(&status);
  return 1;
}

static long step_jumps(void) {
  uint64_t from = address("jumps_start"), to = address("jumps_end");
  for (long steps = 1;; steps++) {
    int status;
    trace(PTRACE_SINGLESTEP, leader, 0, 0);
    wait_any(&status);
    uint64_t pc = registers_of(leader).rip;
    if (pc < from || pc >= to) return steps;
  }
}

static long told_calls;

static long count_call(pid_t tid, int status) {
  if (status >> 8 != SYSTEM_CALL_STOP) return 0;
  struct __ptrace_syscall_info information;
  trace(PTRACE_GET_SYSCALL_INFO, tid, sizeof information, (uintptr_t)&information);
  if (information.op == PTRACE_SYSCALL_INFO_ENTRY) told_calls += information.entry.nr == SYS_getppid;
  return 1;
}

static long catch_calls(void) {
  continue_to_end(PTRACE_SYSCALL, count_call);
  return told_calls;
}

static long count_other(pid_t tid, int status) {
  (void)tid;
  return event_of(status) == PTRACE_EVENT_SECCOMP;
}

static long leave_calls(void) { return continue_to_end(PTRACE_CONT, count_other); }

static long count_signal(pid_t tid, int status) {
  (void)tid;
  return passed_signal(status) == SIGUSR1;
}

static long pass_signals(void) { return continue_to_end(PTRACE_CONT, count_signal); }

static long count_clone(pid_t tid, int status) {
  (void)tid;
  return event_of(status) == PTRACE_EVENT_CLONE;
}

static long follow_clones(void) { return continue_to_end(PTRACE_CONT, count_clone); }

static pid_t released;

static long let_child_go(pid_t tid, int status) {
  if (event_of(status) != PTRACE_EVENT_FORK) return 0;
  unsigned long child;
  trace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&child);
  int stopped;
  if (waitpid((pid_t)child, &stopped, __WALL) < 0) fail("the child of a fork");
  released = (pid_t)child;
  trace(PTRACE_DETACH, released, 0, 0);
  return 1;
}

static long follow_forks(void) { return continue_to_end(PTRACE_CONT, let_child_go); }

static size_t memory_bytes;

static long read_memory(void) {
  static char piece[PIECE_BYTES];
  for (size_t at = 0; at < memory_bytes; at += sizeof piece) transfer(false, address("memory") + at, piece, sizeof piece);
  return memory_bytes;
}

static long write_memory(void) {
  char *content = malloc(memory_bytes);
  pattern_fill(2, content, memory_bytes);
  for (size_t at = 0; at < memory_bytes; at += PIECE_BYTES)
    transfer(true, address("memory") + at, content + at, PIECE_BYTES);
  return memory_bytes;
}

static long search_memory(void) {
  static char piece[PIECE_BYTES];
  uint64_t wanted[2] = {pattern_word(1, memory_bytes / 8 - 2), pattern_word(1, memory_bytes / 8 - 1)};
  for (size_t at = 0; at < memory_bytes; at += sizeof piece) {
    transfer(false, address("memory") + at, piece, sizeof piece);
    if (memmem(piece, sizeof piece, wanted, sizeof wanted) != NULL) return at + sizeof piece;
  }
  return 0;
}

static const char *file_path;

static long read_file(void) {
  static char piece[PIECE_BYTES];
  int fd = open(file_path, O_RDONLY);
  long total = 0;
  ssize_t got;
  while ((got = pread(fd, piece, sizeof piece, total)) > 0) total += got;
  close(fd);
  return total;
}

static long attach_all(void) {
  char folder[40];
  snprintf(folder, sizeof folder, "/proc/%d/task", leader);
  DIR *directory = opendir(folder);
  long count = 0;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    pid_t tid = atoi(entry->d_name);
    if (tid == 0) continue;
    trace(PTRACE_SEIZE, tid, 0, PTRACE_O_TRACECLONE);
    trace(PTRACE_INTERRUPT, tid, 0, 0);
    count++;
  }
  closedir(directory);
  for (long left = count; left > 0; left--) {
    int status;
    wait_any(&status);
  }
  return count;
}

/* Steps as packets ask for them. */

static int accept_client(void) {
  struct sockaddr_in where = {.sin_family = AF_INET};
  socklen_t length = sizeof where;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (bind(listener, (struct sockaddr *)&where, length) != 0 || listen(listener, 1) != 0) fail("listen");
  getsockname(listener, (struct sockaddr *)&where, &length);
  printf("Listening on port %d\n", ntohs(where.sin_port));
  fflush(stdout);
  int client = accept(listener, NULL, NULL);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return client;
}

static size_t put_register(char *where, int number, uint64_t value) {
  return sprintf(where, "%02x:%016lx;", number, __builtin_bswap64(value));
}

static size_t stop_reply(char *where) {
  struct user_regs_struct registers = registers_of(leader);
  size_t length = sprintf(where, "T05");
  length += put_register(where + length, 6, registers.rbp);
  length += put_register(where + length, 7, registers.rsp);
  length += put_register(where + length, 16, registers.rip);
  return length + sprintf(where + length, "thread:p%x.%x;", leader, leader);
}

static size_t answer(const char *packet, char *where) {
  if (strncmp(packet, "vCont;s", 7) == 0) {
    int status;
    siginfo_t information;
    trace(PTRACE_SINGLESTEP, leader, 0, 0);
    wait_any(&status);
    trace(PTRACE_GETSIGINFO, leader, 0, (uintptr_t)&information);
    return stop_reply(where);
  }
  if (strncmp(packet, "vCont;c", 7) == 0 || *packet == '?') return stop_reply(where);
  return sprintf(where, *packet == 'q' ? "" : "OK");
}

static void serve_steps(void) {
  static char received[1 << 16], sent[1 << 12];
  int client = accept_client();
  ssize_t got;
  while ((got = recv(client, received, sizeof received - 1, 0)) > 0) {
    received[got] = 0;
    char *packet = strchr(received, '$'), *end = packet == NULL ? NULL : strchr(packet, '#');
    if (end == NULL) continue;
    *end = 0;
    size_t length = answer(packet + 1, sent + 1);
    unsigned char sum = 0;
    for (size_t i = 1; i <= length; i++) sum += sent[i];
    sent[0] = '$';
    length += 1 + sprintf(sent + length + 1, "#%02x", sum);
    if (send(client, sent, length, 0) < 0) return;
  }
}

/* What a row needs besides its work. */
struct row {
  const char *name;
  work run;
  long options;
  /* A call that a filter tells of, or -1. */
  int filtered_call;
};

static const struct row rows[] = {
    {"hits", pass_hits, PTRACE_O_TRACECLONE, -1},
    {"watch", pass_watches, 0, -1},
    {"loop", run_loop, 0, -1},
    {"jumps", step_jumps, 0, -1},
    {"caught", catch_calls, PTRACE_O_TRACESYSGOOD, -1},
    {"uncaught", leave_calls, PTRACE_O_TRACESECCOMP, SYS_getpgrp},
    {"signals", pass_signals, 0, -1},
    {"clones", follow_clones, PTRACE_O_TRACECLONE, -1},
    {"forks", follow_forks, PTRACE_O_TRACEFORK, -1},
    {"read", read_memory, 0, -1},
    {"write", write_memory, 0, -1},
    {"search", search_memory, 0, -1},
};

static void time_work(work run) {
  char line[16];
  puts("ready");
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL) exit(1);
  uint64_t begun = bench_now();
  long counted = run();
  printf("%lu %ld\n", bench_now() - begun, counted);
  if (leader > 0) kill(leader, SIGKILL);
}

static void run_to_ready(const struct row *row, char **command) {
  launch(command, row == NULL ? -1 : row->filtered_call);
  run_to(address("ready"), PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | (row == NULL ? 0 : row->options));
  if (row == NULL) return;
  trace(PTRACE_SETOPTIONS, leader, 0, PTRACE_O_EXITKILL | row->options);
}

static void run_row(const char *name, char **command) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (strcmp(rows[i].name, name) != 0) continue;
    run_to_ready(&rows[i], command);
    if (strcmp(name, "jumps") == 0) run_to(address("jumps_start"), PTRACE_O_EXITKILL);
    time_work(rows[i].run);
    return;
  }
  errno = EINVAL;
  fail(name);
}

int main(int argc, char **argv) {
  int dashes = 1;
  while (dashes < argc && strcmp(argv[dashes], "--") != 0) dashes++;
  if (argc < 3 || dashes == argc) return 2;
  argv[dashes] = NULL;
  names = argv + 2;
  char **command = argv + dashes + 1;
  const char *name = argv[1];
  if (strcmp(name, "start") == 0) {
    launch(command, -1);
    if (write(1, "\n", 1) == 1) kill(leader, SIGKILL);
  } else if (strcmp(name, "step") == 0) {
    run_to_ready(NULL, command);
    serve_steps();
    kill(leader, SIGKILL);
  } else if (strcmp(name, "attach") == 0) {
    leader = atoi(command[0]);
    time_work(attach_all);
  } else if (strcmp(name, "pread") == 0) {
    file_path = command[0];
    time_work(read_file);
  } else {
    memory_bytes = strcmp(command[1], "memory") == 0 ? strtoul(command[2], NULL, 10) : 0;
    run_row(name, command);
  }
  return 0;
}
