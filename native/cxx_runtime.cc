/**
 * What the addon needs of the C++ library that is neither a template nor in one of the parts of libstdc++.a
 * that stand alone. With it the addon depends on no C++ library, and on no one C library: the rest of
 * libstdc++.a is made for the C library of the machine that it was built on. Exceptions are off: what would
 * throw ends the process.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

namespace {

[[noreturn]] void fail(const char* what) {
  constexpr char kBefore[] = "outstep: the addon failed: ";
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, kBefore, sizeof kBefore - 1);
  written = write(STDERR_FILENO, what, strlen(what));
  written = write(STDERR_FILENO, "\n", 1);
  abort();
}

/** Destructors of a thread's variables, the youngest first. */
struct ThreadEnd {
  void (*destroy)(void* object);
  void* object;
  ThreadEnd* older;
};

pthread_key_t thread_ends;
pthread_once_t thread_ends_made = PTHREAD_ONCE_INIT;

void runThreadEnds(void* youngest) {
  auto* end = static_cast<ThreadEnd*>(youngest);
  while (end != nullptr) {
    ThreadEnd* older = end->older;
    end->destroy(end->object);
    delete end;
    end = older;
  }
}

void makeThreadEnds() {
  if (pthread_key_create(&thread_ends, runThreadEnds) != 0) fail("no key for variables of threads is left");
}

}  // namespace

void* operator new(size_t size) {
  void* memory = malloc(size == 0 ? 1 : size);
  if (memory == nullptr) fail("out of memory");
  return memory;
}

void* operator new[](size_t size) {
  return operator new(size);
}

void operator delete(void* memory) noexcept {
  free(memory);
}

void operator delete(void* memory, size_t) noexcept {
  free(memory);
}

void operator delete[](void* memory) noexcept {
  free(memory);
}

void operator delete[](void* memory, size_t) noexcept {
  free(memory);
}

namespace std {

void __throw_bad_alloc() {
  fail("out of memory");
}

void __throw_bad_array_new_length() {
  fail("an array without end");
}

void __throw_bad_function_call() {
  fail("a function that is not there was called");
}

void __throw_length_error(const char* what) {
  fail(what);
}

void __throw_logic_error(const char* what) {
  fail(what);
}

void __throw_out_of_range(const char* what) {
  fail(what);
}

void __throw_out_of_range_fmt(const char* what, ...) {
  fail(what);
}

void __throw_system_error(int code) {
  fail(strerror(code));
}

}  // namespace std

/** Itanium C++ ABI 3.3.2, "Runtime ABI". The addon stays loaded to the end (-z nodelete). */
extern "C" int __cxa_thread_atexit(void (*destroy)(void*), void* object, void*) {
  pthread_once(&thread_ends_made, makeThreadEnds);
  auto* older = static_cast<ThreadEnd*>(pthread_getspecific(thread_ends));
  return pthread_setspecific(thread_ends, new ThreadEnd{destroy, object, older});
}

/** Itanium C++ ABI 3.2.6. */
extern "C" void __cxa_pure_virtual() {
  fail("a function that is not there was called");
}
