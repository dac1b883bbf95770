/*
 * The client of the benchmark: sends packets, waits for replies, and takes the time. Small and quick, because it runs on
 * the same core as the server and its time counts.
 * Reads commands from stdin, one a line, the words divided by tabs; answers each with one line, "ok ..." or "error ...".
 *   connect PORT                          without acknowledgements from then on       ok
 *   ask PACKET                                                                        ok NS REPLY
 *   loop COUNT (PACKET PREFIX)...         all of them COUNT times; each reply must begin with its PREFIX
 *                                                                                     ok NS REPLIES
 *   until TEXT PACKET...                  over and over, until a reply holds TEXT; `D;` gets the process of the fork
 *                                         that the reply before it tells of           ok NS REPLIES
 *   interrupt COUNT US PACKET PREFIX      PACKET and, US later, an interrupt, COUNT times: the time from that to the stop,
 *                                         whose reply must begin with PREFIX
 *                                                                                     ok MEDIAN-NS WORST-NS
 *   fetch KIND BASE BYTES CHUNK SEED FD   m, x, or pread: the bytes are compared with the pattern SEED
 *                                                                                     ok NS BYTES
 *   store BASE BYTES CHUNK SEED           X with the pattern SEED                     ok NS BYTES
 *   transfer OBJECT CHUNK TEXT            qXfer:OBJECT:read::; how often TEXT is in it  ok NS COUNT
 *   start WHAT COMMAND...                 starts a program; the time until it has written a byte (WHAT is byte), or
 *                                         until it says the port that it listens on and has answered `?` (stop)
 *                                                                                     ok NS PID
 * NS are nanoseconds. Numbers are decimal, but BASE is hexadecimal.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-clock.h"
#include "pattern.h"

/* Not every server says when it listens. */
enum { CONNECT_TRIES = 500, RETRY_US = 10000 };
enum { MAX_FIELDS = 64, LINE_BYTES = 1 << 16, RECEIVE_BYTES = 1 << 20, BUFFER_BYTES = 4 << 20 };

struct bytes {
  char *data;
  size_t length;
};

static int connection = -1;
static bool acknowledges;
/* What was received: packets lie in it, from `unread` on. */
static struct {
  char *data;
  size_t capacity, end, unread;
} input;

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("error ");
  vprintf(format, arguments);
  putchar('\n');
  exit(1);
}

static char *allocate(size_t length) {
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) fail("no memory for %zu bytes", length);
  return memory;
}

static void use_input(size_t capacity) {
  if (input.data != NULL) munmap(input.data, input.capacity);
  input.data = allocate(capacity);
  input.capacity = capacity;
  input.end = input.unread = 0;
}

/* Frames. */

static void send_all(struct bytes bytes) {
  while (bytes.length > 0) {
    ssize_t sent = send(connection, bytes.data, bytes.length, MSG_NOSIGNAL);
    if (sent <= 0) fail("the connection is gone");
    bytes.data += sent;
    bytes.length -= sent;
  }
}

static size_t frame(char *where, const char *data, size_t length) {
  static const char digits[] = "0123456789abcdef";
  unsigned char sum = 0;
  for (size_t i = 0; i < length; i++) sum += data[i];
  where[0] = '$';
  memcpy(where + 1, data, length);
  where[length + 1] = '#';
  where[length + 2] = digits[sum >> 4];
  where[length + 3] = digits[sum & 15];
  return length + 4;
}

static struct bytes framed(const char *packet) {
  size_t length = strlen(packet);
  struct bytes result = {malloc(length + 4), length + 4};
  frame(result.data, packet, length);
  return result;
}

static void receive_more(void) {
  size_t room = input.capacity - input.end;
  if (room == 0) fail("a reply is longer than %zu bytes", input.capacity);
  ssize_t got = recv(connection, input.data + input.end, room < RECEIVE_BYTES ? room : RECEIVE_BYTES, 0);
  if (got <= 0) fail("the connection is gone");
  input.end += got;
}

/* The next packet but console output, as it came. It stays where it is until the next `discard`. */
static struct bytes receive(void) {
  for (;;) {
    size_t seen = input.unread;
    char *hash;
    while ((hash = memchr(input.data + seen, '#', input.end - seen)) == NULL || hash + 3 > input.data + input.end) {
      seen = hash == NULL ? input.end : (size_t)(hash - input.data);
      receive_more();
    }
    char *from = input.data + input.unread;
    while (*from == '+') from++;
    input.unread = hash + 3 - input.data;
    if (acknowledges) send_all((struct bytes){"+", 1});
    if (*from != '$') continue;
    struct bytes packet = {from + 1, (size_t)(hash - from - 1)};
    bool is_output = packet.length > 2 && packet.data[0] == 'O' && strchr("0123456789abcdef", packet.data[1]) != NULL;
    if (!is_output) return packet;
  }
}

static void discard(void) {
  if (input.unread == input.end) input.unread = input.end = 0;
}

static struct bytes exchange(struct bytes sent) {
  discard();
  send_all(sent);
  return receive();
}

/* Run-lengths expanded; with `is_binary`, escapes undone. The result is overwritten by the next call. */
static struct bytes decode(struct bytes raw, bool is_binary) {
  static char *decoded;
  if (decoded == NULL) decoded = malloc(BUFFER_BYTES);
  size_t length = 0;
  for (size_t i = 0; i < raw.length; i++) {
    char c = raw.data[i];
    if (c == '*' && i + 1 < raw.length && length > 0) {
      int count = raw.data[++i] - 29;
      memset(decoded + length, decoded[length - 1], count);
      length += count;
    } else if (c == '}' && is_binary && i + 1 < raw.length) {
      decoded[length++] = raw.data[++i] ^ 0x20;
    } else {
      decoded[length++] = c;
    }
  }
  decoded[length] = 0;
  return (struct bytes){decoded, length};
}

/* How long `decode` would make it. */
static size_t decoded_length(struct bytes raw, bool is_binary) {
  size_t length = raw.length;
  if (is_binary)
    for (size_t i = 0; i < raw.length; i++) length -= raw.data[i] == '}';
  char *from = raw.data, *star;
  while ((star = memchr(from, '*', raw.data + raw.length - from)) != NULL) {
    length += (unsigned char)star[1] - 29 - 2;
    from = star + 2;
  }
  return length;
}

/* Commands. */

static void open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connection = socket(AF_INET, SOCK_STREAM, 0);
  for (int tries = 0; connect(connection, (struct sockaddr *)&address, sizeof address) != 0; tries++) {
    if (tries == CONNECT_TRIES) fail("no connection to port %d", port);
    usleep(RETRY_US);
  }
  int one = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  use_input(BUFFER_BYTES);
}

static void start_session(int port) {
  open_connection(port);
  acknowledges = true;
  struct bytes reply = exchange(framed("QStartNoAckMode"));
  if (reply.length != 2) fail("QStartNoAckMode is refused");
  acknowledges = false;
  printf("ok\n");
}

static void ask(const char *packet) {
  struct bytes sent = framed(packet);
  uint64_t begun = bench_now();
  struct bytes raw = exchange(sent);
  uint64_t ended = bench_now();
  printf("ok %lu %s\n", ended - begun, decode(raw, false).data);
}

static void loop(long count, char **fields, int packets) {
  struct bytes sent[MAX_FIELDS];
  size_t lengths[MAX_FIELDS];
  for (int i = 0; i < packets; i++) {
    sent[i] = framed(fields[2 * i]);
    lengths[i] = strlen(fields[2 * i + 1]);
  }
  uint64_t begun = bench_now();
  for (long turn = 0; turn < count; turn++) {
    for (int i = 0; i < packets; i++) {
      struct bytes reply = exchange(sent[i]);
      if (reply.length < lengths[i] || memcmp(reply.data, fields[2 * i + 1], lengths[i]) != 0)
        fail("turn %ld: %s was answered with %.*s", turn, fields[2 * i], (int)reply.length, reply.data);
    }
  }
  printf("ok %lu %ld\n", bench_now() - begun, count * packets);
}

/* The packet with the process of the fork in the reply before it. */
static struct bytes about_fork(const char *packet, const char *reply) {
  static char text[200], sent[204];
  const char *process = strstr(reply, "fork:p");
  if (process == NULL) fail("no fork in %s", reply);
  process += strlen("fork:p");
  int length = snprintf(text, sizeof text, "%s%.*s", packet, (int)strcspn(process, "."), process);
  return (struct bytes){sent, frame(sent, text, length)};
}

static void until(const char *text, char **fields, int packets) {
  struct bytes sent[MAX_FIELDS], reply = {NULL, 0};
  for (int i = 0; i < packets; i++) sent[i] = framed(fields[i]);
  uint64_t begun = bench_now();
  for (long replies = 1;; replies++) {
    int which = (replies - 1) % packets;
    bool is_detach = strcmp(fields[which], "D;") == 0;
    reply = decode(exchange(is_detach ? about_fork(fields[which], reply.data) : sent[which]), false);
    if (reply.length == 0 || strchr("WXE", reply.data[0]) != NULL)
      fail("%s was answered with %s", fields[which], reply.data);
    if (strstr(reply.data, text) == NULL) continue;
    printf("ok %lu %ld\n", bench_now() - begun, replies);
    return;
  }
}

static int compare_times(const void *one, const void *other) {
  uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
  return a < b ? -1 : a > b;
}

static void interrupt(long count, long delay_us, const char *packet, const char *prefix) {
  struct bytes sent = framed(packet);
  uint64_t *times = (uint64_t *)allocate(count * sizeof *times);
  for (long turn = 0; turn < count; turn++) {
    discard();
    send_all(sent);
    usleep(delay_us);
    uint64_t begun = bench_now();
    send_all((struct bytes){"\x03", 1});
    struct bytes reply = receive();
    times[turn] = bench_now() - begun;
    if (reply.length < strlen(prefix) || memcmp(reply.data, prefix, strlen(prefix)) != 0)
      fail("turn %ld: the interrupt of %s was answered with %.*s", turn, packet, (int)reply.length, reply.data);
  }
  qsort(times, count, sizeof *times, compare_times);
  printf("ok %lu %lu\n", times[count / 2], times[count - 1]);
}

/* What stands before the data of a reply of this kind. */
static size_t header_length(const char *kind, struct bytes raw) {
  if (*kind == 'm') return 0;
  if (*kind == 'x') return raw.length > 0 && raw.data[0] == 'b' ? 1 : 0;
  char *semicolon = memchr(raw.data, ';', raw.length);
  if (semicolon == NULL) fail("%s was answered with %.*s", kind, (int)raw.length, raw.data);
  return semicolon + 1 - raw.data;
}

static size_t hex_decode(struct bytes bytes) {
  for (size_t i = 0; i < bytes.length / 2; i++) {
    int value = 0;
    for (int half = 0; half < 2; half++) {
      char c = bytes.data[2 * i + half];
      value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    bytes.data[i] = value;
  }
  return bytes.length / 2;
}

static void compare(const struct bytes *replies, size_t count, const char *kind, size_t total, uint64_t seed) {
  char *expected = allocate(total);
  pattern_fill(seed, expected, total);
  size_t offset = 0;
  for (size_t i = 0; i < count; i++) {
    struct bytes got = decode(replies[i], *kind != 'm');
    if (*kind == 'm') got.length = hex_decode(got);
    if (offset + got.length > total || memcmp(expected + offset, got.data, got.length) != 0)
      fail("%s: wrong data in the reply for offset %zu", kind, offset);
    offset += got.length;
  }
  if (offset != total) fail("%s: %zu bytes instead of %zu", kind, offset, total);
  munmap(expected, total);
}

static void fetch(const char *kind, uint64_t base, size_t total, size_t chunk, uint64_t seed, int fd) {
  bool is_hex = *kind == 'm';
  use_input(total * 2 + total / 4 + BUFFER_BYTES);
  struct bytes *replies = malloc((total / chunk * 4 + 1024) * sizeof *replies);
  size_t count = 0;
  uint64_t begun = bench_now();
  for (size_t done = 0; done < total;) {
    size_t wanted = total - done < chunk ? total - done : chunk;
    char packet[100], sent[104];
    int length = *kind == 'p' ? sprintf(packet, "vFile:pread:%x,%zx,%zx", fd, wanted, done)
                              : sprintf(packet, "%s%lx,%zx", kind, base + done, wanted);
    send_all((struct bytes){sent, frame(sent, packet, length)});
    struct bytes raw = receive();
    size_t header = header_length(kind, raw);
    replies[count] = (struct bytes){raw.data + header, raw.length - header};
    size_t got = decoded_length(replies[count++], !is_hex) / (is_hex ? 2 : 1);
    if (got == 0 || (is_hex && raw.data[0] == 'E')) fail("%s was answered with %.*s", packet, (int)raw.length, raw.data);
    done += got;
  }
  uint64_t ended = bench_now();
  compare(replies, count, kind, total, seed);
  free(replies);
  use_input(BUFFER_BYTES);
  printf("ok %lu %zu\n", ended - begun, total);
}

static size_t escape(char *where, const char *data, size_t length) {
  size_t written = 0;
  for (size_t i = 0; i < length; i++) {
    char c = data[i];
    bool is_special = c == '$' || c == '#' || c == '}' || c == '*';
    if (is_special) where[written++] = '}';
    where[written++] = is_special ? c ^ 0x20 : c;
  }
  return written;
}

static void store(uint64_t base, size_t total, size_t chunk, uint64_t seed) {
  char *content = allocate(total), *frames = allocate(total + total / 4 + BUFFER_BYTES);
  size_t count = (total + chunk - 1) / chunk;
  size_t *lengths = malloc(count * sizeof *lengths);
  char *packet = malloc(chunk * 2 + 100);
  pattern_fill(seed, content, total);
  char *end = frames;
  for (size_t i = 0; i < count; i++) {
    size_t from = i * chunk, length = total - from < chunk ? total - from : chunk;
    size_t header = sprintf(packet, "X%lx,%zx:", base + from, length);
    lengths[i] = frame(end, packet, header + escape(packet + header, content + from, length));
    end += lengths[i];
  }
  uint64_t begun = bench_now();
  char *next = frames;
  for (size_t i = 0; i < count; i++) {
    struct bytes reply = exchange((struct bytes){next, lengths[i]});
    if (reply.length != 2 || reply.data[0] != 'O') fail("X was answered with %.*s", (int)reply.length, reply.data);
    next += lengths[i];
  }
  printf("ok %lu %zu\n", bench_now() - begun, total);
  munmap(content, total);
  munmap(frames, total + total / 4 + BUFFER_BYTES);
  free(lengths);
  free(packet);
}

static void transfer(const char *object, size_t chunk, const char *text) {
  size_t length = 0, capacity = 16 << 20;
  char *document = malloc(capacity);
  uint64_t begun = bench_now();
  for (;;) {
    char packet[200];
    snprintf(packet, sizeof packet, "qXfer:%s:read::%zx,%zx", object, length, chunk);
    char sent[204];
    struct bytes raw = exchange((struct bytes){sent, frame(sent, packet, strlen(packet))});
    struct bytes part = decode(raw, true);
    if (part.length == 0 || (*part.data != 'm' && *part.data != 'l') || length + part.length >= capacity)
      fail("%s was answered with %.100s", packet, part.data);
    memcpy(document + length, part.data + 1, part.length - 1);
    length += part.length - 1;
    if (*part.data == 'l') break;
  }
  uint64_t ended = bench_now();
  document[length] = 0;
  long found = 0;
  for (char *at = document; (at = strstr(at, text)) != NULL; at++) found++;
  free(document);
  printf("ok %lu %ld\n", ended - begun, found);
}

/* Reads what the program says until it holds "port N". */
static int listening_port(int output) {
  static char text[LINE_BYTES];
  size_t length = 0;
  for (;;) {
    ssize_t got = read(output, text + length, sizeof text - 1 - length);
    if (got <= 0) fail("the server ended: %s", text);
    length += got;
    text[length] = 0;
    char *port = strstr(text, "istening on port ");
    if (port != NULL && strchr(port, '\n') != NULL) return atoi(port + strlen("istening on port "));
  }
}

/* The program that was started before is killed. */
static void start(const char *what, char **command) {
  static pid_t pid;
  int ends[2];
  if (pipe(ends) != 0) fail("no pipe");
  if (pid > 0) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(connection);
  }
  uint64_t begun = bench_now();
  pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    close(ends[0]);
    close(ends[1]);
    execvp(command[0], command);
    _exit(127);
  }
  close(ends[1]);
  if (strcmp(what, "byte") == 0) {
    char byte;
    if (read(ends[0], &byte, 1) != 1) fail("%s wrote nothing", command[0]);
  } else {
    open_connection(listening_port(ends[0]));
    acknowledges = true;
    struct bytes reply = exchange(framed("?"));
    if (reply.length < 3 || (reply.data[0] != 'T' && reply.data[0] != 'S')) fail("no stop, but %s", decode(reply, false).data);
  }
  close(ends[0]);
  printf("ok %lu %d\n", bench_now() - begun, pid);
}

static void carry_out(char **fields, int count) {
  const char *name = fields[0];
  if (strcmp(name, "connect") == 0 && count == 2) start_session(atoi(fields[1]));
  else if (strcmp(name, "ask") == 0 && count == 2) ask(fields[1]);
  else if (strcmp(name, "loop") == 0 && count >= 4) loop(atol(fields[1]), fields + 2, (count - 2) / 2);
  else if (strcmp(name, "until") == 0 && count >= 3) until(fields[1], fields + 2, count - 2);
  else if (strcmp(name, "interrupt") == 0 && count == 5)
    interrupt(atol(fields[1]), atol(fields[2]), fields[3], fields[4]);
  else if (strcmp(name, "fetch") == 0 && count == 7)
    fetch(fields[1], strtoul(fields[2], NULL, 16), atol(fields[3]), atol(fields[4]), atol(fields[5]), atoi(fields[6]));
  else if (strcmp(name, "store") == 0 && count == 5)
    store(strtoul(fields[1], NULL, 16), atol(fields[2]), atol(fields[3]), atol(fields[4]));
  else if (strcmp(name, "transfer") == 0 && count == 4) transfer(fields[1], atol(fields[2]), fields[3]);
  else if (strcmp(name, "start") == 0 && count >= 3) start(fields[1], fields + 2);
  else fail("unknown command %s", name);
  fflush(stdout);
}

int main(void) {
  static char line[LINE_BYTES];
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *fields[MAX_FIELDS + 1];
    int count = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *rest = line, *field; count < MAX_FIELDS && (field = strsep(&rest, "\t")) != NULL;) fields[count++] = field;
    fields[count] = NULL;
    carry_out(fields, count);
  }
  return 0;
}
