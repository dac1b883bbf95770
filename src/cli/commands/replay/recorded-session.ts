/** One connection of a record (`--record`), as requests with what was sent back for each. */
import { readFileSync } from 'node:fs';
import { asciiBytes, asciiText, type Frame, FrameDecoder } from 'gdb-js-rsp-parser';
import { messageOf } from '../../../base/errors.js';
import { StartError } from '../../start-error.js';
import { type RecordLine, recordFormat } from '../../wire/record.js';

/** An interrupt, in the place of a packet's data. */
export const interrupt = '\x03';

export interface Exchange {
  /** Data of the packet, a character for each byte, or `interrupt`. */
  readonly request: string;
  /** Packets and notifications up to the next request, as data; none: the answer came behind a later request. */
  readonly answers: { readonly kind: 'packet' | 'notification'; readonly data: string }[];
}

/** Whatever a client sends behind one of them may be answered in another way than before. */
const changes = /^(vCont;|[cCsSkDRGPMXA]|v(Run|Attach|Kill)|QNonStop)/;

export function isChange(request: string): boolean {
  return request === interrupt || changes.test(request);
}

/** @param connection from 1 @throws StartError */
export function readSession(path: string, connection: number): readonly Exchange[] {
  const lines = readLines(path).filter((line) => line.connection === connection);
  if (lines.length === 0) throw new StartError(`${path} has no connection ${connection}`);
  const requests = new FrameDecoder({ role: 'stub', maxPacketBytes: Number.MAX_SAFE_INTEGER });
  const replies = new FrameDecoder({ role: 'client', maxPacketBytes: Number.MAX_SAFE_INTEGER });
  const exchanges: Exchange[] = [];
  for (const { from, bytes } of lines) {
    if (from === 'client') for (const frame of requests.push(asciiBytes(bytes))) addRequest(exchanges, frame);
    else for (const frame of replies.push(asciiBytes(bytes))) addAnswer(exchanges, frame);
  }
  return exchanges;
}

function addRequest(exchanges: Exchange[], frame: Frame): void {
  if (frame.kind === 'interrupt') exchanges.push({ request: interrupt, answers: [] });
  if (frame.kind === 'packet' && frame.checksumOk)
    exchanges.push({ request: asciiText(frame.data), answers: [] });
}

function addAnswer(exchanges: Exchange[], frame: Frame): void {
  if (frame.kind !== 'packet' && frame.kind !== 'notification') return;
  exchanges.at(-1)?.answers.push({ kind: frame.kind, data: asciiText(frame.data) });
}

function readLines(path: string): readonly RecordLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new StartError(`Cannot read the record: ${messageOf(error)}`);
  }
  const [head, ...lines] = text.split('\n').filter((line) => line !== '');
  if (head === undefined || !isHead(head)) throw new StartError(`${path} is no record of "outstep --record"`);
  return lines.map((line, index) => parseLine(line, `${path}:${index + 2}`));
}

function isHead(line: string): boolean {
  try {
    return JSON.parse(line).outstepRecord === recordFormat;
  } catch {
    return false;
  }
}

function parseLine(line: string, place: string): RecordLine {
  try {
    return JSON.parse(line) as RecordLine;
  } catch (error) {
    // The last line of a server that was killed may be cut.
    throw new StartError(`${place}: ${messageOf(error)}`);
  }
}
