#include "agent_format.h"

#include <stdio.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace outstep::agent {

namespace {

constexpr size_t kLongestFieldBytes = 4096;
constexpr size_t kLongestStringBytes = 65536;

/** One conversion specification of printf(3). */
struct Directive {
  std::string flags;
  std::optional<size_t> width;
  std::optional<size_t> precision;
  std::string length;
  char conversion = 0;

  bool is(const char* conversions) const { return strchr(conversions, conversion) != nullptr; }
};

std::optional<size_t> takeNumber(std::string_view pattern, size_t* at) {
  std::optional<size_t> value;
  while (*at < pattern.size() && pattern[*at] >= '0' && pattern[*at] <= '9') {
    value = std::min(kLongestFieldBytes, value.value_or(0) * 10 + static_cast<size_t>(pattern[*at] - '0'));
    ++*at;
  }
  return value;
}

std::string takeAnyOf(std::string_view pattern, size_t* at, const char* characters) {
  size_t start = *at;
  while (*at < pattern.size() && pattern[*at] != 0 && strchr(characters, pattern[*at]) != nullptr) ++*at;
  return std::string(pattern.substr(start, *at - start));
}

/** `at` is behind the percent sign. */
std::optional<Directive> takeDirective(std::string_view pattern, size_t* at) {
  Directive directive;
  directive.flags = takeAnyOf(pattern, at, "-+ #0'");
  directive.width = takeNumber(pattern, at);
  if (*at < pattern.size() && pattern[*at] == '.') {
    ++*at;
    directive.precision = takeNumber(pattern, at).value_or(0);
  }
  directive.length = takeAnyOf(pattern, at, "hlzjt");
  if (*at >= pattern.size() || pattern[*at] == 0) return std::nullopt;
  directive.conversion = pattern[(*at)++];
  const bool is_wide = !directive.length.empty() && directive.is("scp");
  const bool is_known = directive.is("diouxXcsp") && directive.length.size() <= 2 && !is_wide;
  return is_known ? std::optional(directive) : std::nullopt;
}

std::string specification(const Directive& directive, const char* length) {
  std::string result = "%";
  result += directive.flags;
  if (directive.width) result += std::to_string(*directive.width);
  if (directive.precision) {
    result += '.';
    result += std::to_string(*directive.precision);
  }
  result += length;
  result += directive.conversion;
  return result;
}

template <typename Value>
void append(const std::string& specification, Value value, std::string* text) {
  // Flags, width and precision go through unchanged.
  int length = snprintf(nullptr, 0, specification.c_str(), value);
  if (length <= 0) return;
  size_t before = text->size();
  text->resize(before + static_cast<size_t>(length) + 1);
  snprintf(text->data() + before, static_cast<size_t>(length) + 1, specification.c_str(), value);
  text->resize(before + static_cast<size_t>(length));
}

void appendInteger(const Directive& directive, uint64_t value, std::string* text) {
  const bool is_long = directive.length.find_first_of("lzjt") != std::string::npos;
  if (is_long) {
    append(specification(directive, "ll"), static_cast<long long>(value), text);
  } else {
    append(specification(directive, directive.length.c_str()), static_cast<int>(value), text);
  }
}

/** Escape sequences come as they were typed. `at` is behind the backslash. Nothing: there is no such
 * sequence. */
std::optional<char> takeEscape(std::string_view pattern, size_t* at) {
  constexpr std::string_view kNames = "abefnrtv\\\"'";
  constexpr std::string_view kMeanings = "\a\b\033\f\n\r\t\v\\\"'";
  if (*at >= pattern.size()) return std::nullopt;
  size_t found = kNames.find(pattern[*at]);
  if (found == std::string_view::npos) return std::nullopt;
  ++*at;
  return kMeanings[found];
}

/** A string of the program up to its NUL. Nothing: it cannot be read. */
std::optional<std::string> stringAt(const Space& space, uint64_t address, size_t most_bytes) {
  constexpr size_t kChunkBytes = 256;
  std::string result;
  while (result.size() < most_bytes) {
    char chunk[kChunkBytes];
    size_t wanted = std::min(kChunkBytes, most_bytes - result.size());
    size_t got = space.readOriginal(address + result.size(), chunk, wanted);
    size_t length = strnlen(chunk, got);
    result.append(chunk, length);
    if (length < got) return result;
    if (got < wanted) return std::nullopt;
  }
  return result;
}

const char* appendArgument(const Directive& directive, uint64_t value, const Space& space,
                           std::string* text) {
  if (directive.is("c")) {
    size_t padding = std::max<size_t>(directive.width.value_or(1), 1) - 1;
    bool is_left = directive.flags.find('-') != std::string::npos;
    if (!is_left) text->append(padding, ' ');
    text->push_back(static_cast<char>(value));
    if (is_left) text->append(padding, ' ');
  } else if (directive.is("p")) {
    append(specification(directive, ""), reinterpret_cast<void*>(value), text);
  } else if (directive.is("s")) {
    size_t most_bytes = std::min(kLongestStringBytes, directive.precision.value_or(kLongestStringBytes));
    auto string = value == 0 ? std::optional<std::string>("(null)") : stringAt(space, value, most_bytes);
    if (!string) return "a string cannot be read";
    append(specification(directive, ""), string->c_str(), text);
  } else {
    appendInteger(directive, value, text);
  }
  return nullptr;
}

}  // namespace

const char* format(std::string_view pattern, std::span<const uint64_t> args, const Space& space,
                   std::string* text) {
  size_t at = 0;
  size_t used = 0;
  while (at < pattern.size() && pattern[at] != 0) {
    char character = pattern[at++];
    if (character == '\\') {
      auto escaped = takeEscape(pattern, &at);
      if (!escaped) return "the format has an escape sequence that is not supported";
      text->push_back(*escaped);
      continue;
    }
    if (character != '%') {
      text->push_back(character);
      continue;
    }
    if (at < pattern.size() && pattern[at] == '%') {
      text->push_back(pattern[at++]);
      continue;
    }
    auto directive = takeDirective(pattern, &at);
    if (!directive) return "the format has a directive that is not supported";
    if (used == args.size()) return "the format has more directives than arguments";
    if (const char* error = appendArgument(*directive, args[used++], space, text)) return error;
  }
  return used == args.size() ? nullptr : "the format has fewer directives than arguments";
}

}  // namespace outstep::agent
