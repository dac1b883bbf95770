/*
 * usage: workload MODE [NUMBER...]: what the rows of the benchmark debug.
 * Every mode prepares itself, calls ready(), works, counts in `done` what it did, and calls finished(). With the
 * variable WORKLOAD_TIMED in the environment it then prints the nanoseconds between the two, and `done`.
 *   spin [THREADS]            THREADS idle ones besides; steps for ever
 *   loop ROUNDS               a loop of four instructions, from loop_start to before loop_end
 *   jumps ROUNDS              the same with an indirect jump, from jumps_start to before jumps_end
 *   hits THREADS CALLS        each thread calls hot() CALLS times, with numbers of its own, then the main
 *                             thread with HOT_LAST; it does all the calls where THREADS is 1
 *   watch WRITES              writes the value to `watched` that is there
 *   memory BYTES              fills `memory`; after ready() counts the words that are of stream 2
 *   calls COUNT [THREADS]     getppid, by the main thread, or in equal parts by THREADS others
 *   signals COUNT             SIGUSR1 to itself, handled
 *   clones COUNT              threads made and joined, 16 at a time
 *   forks COUNT               children made and waited for
 *   threads THREADS           THREADS idle ones besides; prints "ready" and waits
 *   libraries FOLDER COUNT THREADS   opens FOLDER/0.so and so on, then as spin
 *   file PATH BYTES           writes a file of stream 3
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-clock.h"
#include "pattern.h"

/* Nothing takes as long; a workload that was forgotten ends then. */
enum { LONGEST_S = 1200 };
enum { AT_ONCE = 16, HOT_LAST = 0x7fffffff, CHILD_STATUS = 7, MEMORY_BYTES = 256 << 20, STACK_BYTES = 64 << 10 };

atomic_long done;
volatile long watched = 7;
uint64_t memory[MEMORY_BYTES / 8] __attribute__((aligned(4096)));
static uint64_t begun;
static pthread_barrier_t barrier;

__attribute__((noinline, noclone)) void ready(void) {
  __asm__ volatile("");
  if (getenv("WORKLOAD_TIMED") != NULL) begun = bench_now();
}

__attribute__((noinline, noclone)) void finished(void) {
  __asm__ volatile("");
  if (getenv("WORKLOAD_TIMED") != NULL) printf("%lu %ld\n", bench_now() - begun, atomic_load(&done));
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  if (pthread_create(thread, &attributes, run, argument) != 0) fail("pthread_create");
  pthread_attr_destroy(&attributes);
}

static void *idle(void *argument) {
  pthread_barrier_wait(&barrier);
  for (;;) pause();
  return argument;
}

static void start_idle_threads(int count) {
  pthread_barrier_init(&barrier, NULL, count + 1);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    start_thread(&thread, idle, NULL);
  }
  pthread_barrier_wait(&barrier);
}

static void spin(int threads) {
  start_idle_threads(threads);
  ready();
  for (;;) atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
}

static void loop(long rounds) {
  ready();
  __asm__ volatile(
      ".globl loop_start\nloop_start:\n"
      "  add $3, %%rax\n"
      "  xor %%rax, %%rdx\n"
      "  dec %0\n"
      "  jnz loop_start\n"
      ".globl loop_end\nloop_end:\n"
      "  nop\n"
      : "+r"(rounds)
      :
      : "rax", "rdx", "cc");
  atomic_store(&done, rounds);
}

static void jumps(long rounds) {
  ready();
  __asm__ volatile(
      "  lea 1f(%%rip), %%rcx\n"
      ".globl jumps_start\njumps_start:\n"
      "  add $3, %%rax\n"
      "  jmp *%%rcx\n"
      "1: dec %0\n"
      "  jnz jumps_start\n"
      ".globl jumps_end\njumps_end:\n"
      "  nop\n"
      : "+r"(rounds)
      :
      : "rax", "rcx", "cc");
  atomic_store(&done, rounds);
}

/* Begins as functions do that keep a frame pointer, whatever the compiler thinks of that. */
void hot(long n);
__asm__(
    ".text\n.globl hot\n.type hot, @function\nhot:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n"
    "  lock incq done(%rip)\n"
    "  pop %rbp\n"
    "  ret\n"
    ".size hot, . - hot\n");

static long calls_each;

static void *call_hot(void *argument) {
  pthread_barrier_wait(&barrier);
  pthread_barrier_wait(&barrier);
  long first = (long)argument * calls_each;
  for (long i = 0; i < calls_each; i++) hot(first + i);
  return NULL;
}

static void hits_alone(long calls) {
  ready();
  for (long i = 0; i < calls; i++) hot(i);
  hot(HOT_LAST);
}

static void hits(int threads, long calls) {
  pthread_t thread[threads];
  calls_each = calls;
  pthread_barrier_init(&barrier, NULL, threads + 1);
  for (long i = 0; i < threads; i++) start_thread(&thread[i], call_hot, (void *)i);
  pthread_barrier_wait(&barrier);
  ready();
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  hot(HOT_LAST);
}

static void watch(long writes) {
  ready();
  for (long i = 0; i < writes; i++) {
    watched = 7;
    atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
  }
}

static void use_memory(size_t length_bytes) {
  pattern_fill(1, memory, length_bytes);
  ready();
  long same = 0;
  for (size_t i = 0; i < length_bytes / 8; i++) same += memory[i] == pattern_word(2, i);
  atomic_store(&done, same);
}

static void call(long count) {
  for (long i = 0; i < count; i++) {
    syscall(SYS_getppid);
    atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
  }
}

static void *call_its_part(void *part) {
  pthread_barrier_wait(&barrier);
  call((long)part);
  return NULL;
}

static void calls(long count, int threads) {
  if (threads == 0) {
    ready();
    call(count);
    return;
  }
  pthread_t all[AT_ONCE];
  if (threads > AT_ONCE) exit(2);
  pthread_barrier_init(&barrier, NULL, threads + 1);
  for (int i = 0; i < threads; i++) start_thread(&all[i], call_its_part, (void *)(count / threads));
  ready();
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
}

static void on_signal(int number) {
  (void)number;
  atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
}

static void signals(long count) {
  signal(SIGUSR1, on_signal);
  ready();
  for (long i = 0; i < count; i++) raise(SIGUSR1);
}

static void *count_one(void *argument) {
  atomic_fetch_add(&done, 1);
  return argument;
}

static void clones(long count) {
  ready();
  while (count > 0) {
    pthread_t threads[AT_ONCE];
    int now = count < AT_ONCE ? (int)count : AT_ONCE;
    for (int i = 0; i < now; i++) start_thread(&threads[i], count_one, NULL);
    for (int i = 0; i < now; i++) pthread_join(threads[i], NULL);
    count -= now;
  }
}

static void forks(long count) {
  ready();
  for (long i = 0; i < count; i++) {
    int status;
    pid_t child = fork();
    if (child == 0) _exit(CHILD_STATUS);
    if (child < 0) fail("fork");
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == CHILD_STATUS)
      atomic_fetch_add_explicit(&done, 1, memory_order_relaxed);
  }
}

static void wait_with_threads(int threads) {
  start_idle_threads(threads);
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}

static void libraries(const char *folder, int count, int threads) {
  for (int i = 0; i < count; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.so", folder, i);
    if (dlopen(path, RTLD_LAZY) == NULL) fail(path);
  }
  spin(threads);
}

static void write_file(const char *path, size_t length_bytes) {
  FILE *file = fopen(path, "w");
  if (file == NULL) fail(path);
  pattern_fill(3, memory, length_bytes);
  if (fwrite(memory, 1, length_bytes, file) != length_bytes || fclose(file) != 0) fail(path);
}

int main(int argc, char **argv) {
  alarm(LONGEST_S);
  const char *mode = argc > 1 ? argv[1] : "";
  long first = argc > 2 ? atol(argv[2]) : 0;
  if (strcmp(mode, "spin") == 0) spin(first);
  else if (strcmp(mode, "loop") == 0) loop(first);
  else if (strcmp(mode, "jumps") == 0) jumps(first);
  else if (strcmp(mode, "hits") == 0 && argc > 3 && first == 1) hits_alone(atol(argv[3]));
  else if (strcmp(mode, "hits") == 0 && argc > 3) hits(first, atol(argv[3]));
  else if (strcmp(mode, "watch") == 0) watch(first);
  else if (strcmp(mode, "memory") == 0 && first <= MEMORY_BYTES) use_memory(first);
  else if (strcmp(mode, "calls") == 0) calls(first, argc > 3 ? atoi(argv[3]) : 0);
  else if (strcmp(mode, "signals") == 0) signals(first);
  else if (strcmp(mode, "clones") == 0) clones(first);
  else if (strcmp(mode, "forks") == 0) forks(first);
  else if (strcmp(mode, "threads") == 0) wait_with_threads(first);
  else if (strcmp(mode, "libraries") == 0 && argc > 4) libraries(argv[2], atoi(argv[3]), atoi(argv[4]));
  else if (strcmp(mode, "file") == 0 && argc > 3) write_file(argv[2], atol(argv[3]));
  else return 2;
  finished();
  return 0;
}
