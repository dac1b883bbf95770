/** The last packets of a connection as text, for messages of failures. */
import { asciiText } from 'gdb-js-rsp-parser';

const keptPackets = 20;
const shownCharacters = 200;

export class PacketLog {
  readonly #lines: string[] = [];

  /** @param direction `->` for what was sent, `<-` for what came */
  add(direction: '->' | '<-', data: Uint8Array): void {
    const text = asciiText(data.subarray(0, shownCharacters)).replace(/[^\x20-\x7e]/g, hexEscape);
    const rest = data.length > shownCharacters ? `... (${data.length} bytes)` : '';
    this.#lines.push(`${direction} ${text}${rest}`);
    if (this.#lines.length > keptPackets) this.#lines.shift();
  }

  toString(): string {
    return this.#lines.length === 0 ? 'no packets yet' : `last packets:\n  ${this.#lines.join('\n  ')}`;
  }
}

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
