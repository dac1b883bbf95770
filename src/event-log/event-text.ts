/** Records for people and for programs. */
import type { EventRecord } from './event-record.js';

/** What happened, without when and where. */
export function eventText({ kind, details }: EventRecord): string {
  switch (kind) {
    case 'start':
      return `runs ${words(details.arguments) || details.path}`;
    case 'fork':
      return `${details.vfork === true ? 'vfork' : 'fork'}: ${details.child}`;
    case 'exec':
      return `exec ${details.path}: ${words(details.arguments)}`;
    case 'exit':
      return details.signal === undefined ? `exited with ${details.code}` : `killed by ${details.signal}`;
    case 'signal':
      return `${details.signal}${origin(details)}`;
    case 'group-stop':
      return `stopped by ${details.signal}`;
    case 'thread-start':
      return `thread ${details.thread} begins`;
    case 'thread-exit':
      return `thread ends with ${details.code}`;
    case 'library':
      return `${details.action} ${details.path}`;
    case 'call':
      return `${details.call} …`;
    case 'return':
      return `${details.call} = ${details.result}`;
    case 'left':
      return `left: ${details.reason}`;
    case 'lost':
      return `${details.count} events were lost: the output was not read fast enough`;
  }
}

function origin({ senderPid, senderUid, senderName, address }: EventRecord['details']): string {
  if (address !== undefined) return ` at ${address}`;
  if (senderPid === undefined) return '';
  const who = senderName === undefined ? `uid ${senderUid}` : `${senderName}, uid ${senderUid}`;
  return senderPid === 0 ? ' from outside of its namespace' : ` from ${senderPid} (${who})`;
}

function words(list: EventRecord['details'][string]): string {
  return Array.isArray(list) ? list.join(' ') : '';
}

/** One line of JSON, without a line feed. */
export function eventJson({ details, ...record }: EventRecord): string {
  return JSON.stringify({ ...record, ...details });
}
