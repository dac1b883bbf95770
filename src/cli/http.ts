/** Browsers, and tools that look what a port is for, speak HTTP: they are answered in words (RFC 9112). */
import { asciiBytes, asciiText } from 'gdb-js-rsp-parser';

/** Longer than every method; no packet begins like one. */
const headBytes = 16;
const requestLine = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT) [/*h]/;

/** Whether the first bytes of a connection are an HTTP request. */
export function isHttpRequest(bytes: Uint8Array): boolean {
  return requestLine.test(asciiText(bytes.subarray(0, headBytes)));
}

const text = `This is outstep, a debug server: it speaks the GDB Remote Serial Protocol, not HTTP.
In gdb:  target remote HOST:PORT
In LLDB: gdb-remote HOST:PORT
`;

export const httpAnswer: Uint8Array = asciiBytes(
  [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=us-ascii',
    `Content-Length: ${text.length}`,
    'Connection: close',
    '',
    text,
  ].join('\r\n'),
);
