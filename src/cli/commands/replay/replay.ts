/** `outstep replay`: serves a recorded session again. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import {
  asciiBytes,
  asciiText,
  encodeNotification,
  encodePacket,
  escapeBinary,
  type Frame,
  FrameDecoder,
  ProtocolError,
  parsePacket,
} from 'gdb-js-rsp-parser';
import { messageOf } from '../../../base/errors.js';
import { parseComm } from '../../comm.js';
import type { Console } from '../../console.js';
import { StartError } from '../../start-error.js';
import { UsageError } from '../../usage-error.js';
import { explainPacket } from '../../wire/explainer.js';
import type { Streams } from '../subcommand.js';
import { parseWords } from '../words.js';
import { type Answers, type Departure, Player } from './player.js';
import { interrupt, readSession } from './recorded-session.js';

export const usage = `Usage:  outstep replay [--connection=N] FILE [COMM]

Serves a session that "outstep --record=FILE" has recorded to one client, gdb or LLDB, without
the program. COMM is HOST:PORT, :PORT or unix:PATH (default: a free port). The client may leave
out or repeat what it reads; where it asks something else it is told on standard error.

  --connection=N        The Nth connection of the record; default: the first.

Exit status: 0 the client has followed the record to its end; 2 it has not; 1 there was a mistake.
`;

const left = 2;

export async function run(words: readonly string[], { errors }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, { connection: { type: 'string' } });
  const [file, comm = 'localhost:0', extra] = positionals;
  if (file === undefined) throw new UsageError('The FILE of the record is missing.');
  if (extra !== undefined) throw new UsageError(`Unknown argument: ${extra}`);
  const connection = Number(values.connection ?? 1);
  if (!Number.isInteger(connection) || connection < 1)
    throw new UsageError(`Not the number of a connection: ${values.connection}`);
  const exchanges = readSession(file, connection);
  const server = await listen(comm);
  const address = server.address();
  errors.line(`Listening on ${typeof address === 'object' ? `port ${address?.port}` : address}`);
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  let departures = 0;
  const player = new Player(exchanges, (departure) => {
    departures += 1;
    tellDeparture(departure, errors);
  });
  await serve(socket, player);
  if (departures === 0 && player.isAtEnd) return 0;
  if (departures === 0) errors.line('The client has gone before the end of the record.');
  return left;
}

/** @throws StartError */
async function listen(text: string): Promise<Server> {
  const comm = parseComm(text);
  const server = createServer({ noDelay: true });
  if (comm.kind === 'tcp') server.listen(comm.port, comm.host ?? '127.0.0.1');
  else if (comm.kind === 'unix') server.listen(comm.path);
  else throw new UsageError(`Records are served through sockets only, not ${text}`);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new StartError(`Cannot listen on ${text}: ${messageOf(error)}`);
  }
  return server;
}

function tellDeparture({ place, request, expected }: Departure, errors: Console): void {
  errors.line(`The client leaves the record with request ${place}: ${inWords(request)}`);
  errors.line(
    expected === undefined
      ? '  The record is at its end.'
      : `  The record goes on with: ${inWords(expected)}`,
  );
}

function inWords(request: string): string {
  if (request === interrupt) return 'an interrupt';
  const data = asciiBytes(request);
  try {
    return explainPacket(parsePacket(data), data);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return explainPacket(error, data);
  }
}

/** Until the client has gone. */
async function serve(socket: Socket, player: Player): Promise<void> {
  const requests = new FrameDecoder({ role: 'stub', maxPacketBytes: Number.MAX_SAFE_INTEGER });
  let acknowledges = true;
  const answer = (frame: Frame): void => {
    if (frame.kind !== 'packet' && frame.kind !== 'interrupt') return;
    if (acknowledges && frame.kind === 'packet') socket.write('+');
    const request = frame.kind === 'interrupt' ? interrupt : asciiText(frame.data);
    const answers = player.answer(request);
    send(
      socket,
      answers ?? (frame.kind === 'interrupt' ? [] : unknownAnswer(request, player.knows(request))),
    );
    if (request === 'QStartNoAckMode') acknowledges = false;
  };
  socket.on('data', (chunk: Uint8Array) => requests.push(chunk).forEach(answer));
  // A client that breaks the connection off has gone as well.
  socket.on('error', () => socket.destroy());
  await once(socket, 'close');
}

function send(socket: Socket, answers: Answers): void {
  for (const { kind, data } of answers) {
    const bytes = asciiBytes(data);
    socket.write(kind === 'packet' ? encodePacket(escapeBinary(bytes)) : encodeNotification(bytes));
  }
}

/** As a server answers that cannot do it now: by EIO, or with nothing where the recorded one never answered such a packet. */
function unknownAnswer(request: string, isKnown: boolean): Answers {
  const data = request.startsWith('vFile:') ? 'F-1,5' : isKnown ? 'E05' : '';
  return [{ kind: 'packet', data }];
}
