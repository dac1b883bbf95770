/*
 * What the C++ library of a glibc system asks of its C library, and musl has not: with this a Node for musl runs on a
 * machine that has no C++ library for musl. The addon under test asks for none of it (test/native/libraries.test.ts).
 */
#define _GNU_SOURCE
#include <link.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;

/* In libgcc_s, in a version that its own references get from glibc's loader only; nothing here asks which CPU it is. */
unsigned __cpu_model[4];
int __cpu_indicator_init(void) { return 0; }

uint32_t arc4random(void) {
  uint32_t value;
  if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
  return value;
}

size_t __strftime_l(char *text, size_t size, const char *format, const struct tm *time, locale_t locale) {
  return strftime_l(text, size, format, time, locale);
}

/* --- destructors of a thread's variables */

struct thread_end {
  void (*destroy)(void *object);
  void *object;
  struct thread_end *older;
};

static pthread_key_t thread_ends;
static pthread_once_t thread_ends_made = PTHREAD_ONCE_INIT;

static void run_thread_ends(void *youngest) {
  for (struct thread_end *end = youngest, *older; end != NULL; end = older) {
    older = end->older;
    end->destroy(end->object);
    free(end);
  }
}

static void make_thread_ends(void) {
  if (pthread_key_create(&thread_ends, run_thread_ends) != 0) abort();
}

int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) {
  (void)library;
  pthread_once(&thread_ends_made, make_thread_ends);
  struct thread_end *end = malloc(sizeof *end);
  if (end == NULL) abort();
  *end = (struct thread_end){destroy, object, pthread_getspecific(thread_ends)};
  return pthread_setspecific(thread_ends, end);
}

/* --- glibc's way of finding the unwind tables of an address, <dlfcn.h> */

struct found_object {
  unsigned long long flags;
  void *start, *end;
  struct link_map *link_map;
  void *eh_frame;
  unsigned long long reserved[7];
};

struct search {
  uintptr_t address;
  struct found_object *found;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct search *search = data;
  int is_here = 0;
  uintptr_t start = UINTPTR_MAX, end = 0, eh_frame = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    uintptr_t from = info->dlpi_addr + header->p_vaddr, to = from + header->p_memsz;
    if (header->p_type == PT_GNU_EH_FRAME) eh_frame = from;
    if (header->p_type != PT_LOAD) continue;
    if (from < start) start = from;
    if (to > end) end = to;
    if (search->address >= from && search->address < to) is_here = 1;
  }
  if (!is_here || eh_frame == 0) return 0;
  *search->found = (struct found_object){.start = (void *)start, .end = (void *)end, .eh_frame = (void *)eh_frame};
  return 1;
}

int _dl_find_object(void *address, struct found_object *found) {
  struct search search = {(uintptr_t)address, found};
  return dl_iterate_phdr(look_at, &search) == 1 ? 0 : -1;
}

/* --- std::string::_M_replace_cold, which libstdc++ has since GCC 13: a replacement that may lie in the string itself */

void _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm(
    void *self, char *place, size_t replaced, const char *text, size_t length, size_t behind) {
  (void)self;
  char *copy = malloc(length + 1);
  if (copy == NULL) abort();
  memcpy(copy, text, length);
  memmove(place + length, place + replaced, behind);
  memcpy(place, copy, length);
  free(copy);
}
