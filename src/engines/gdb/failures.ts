/** What the client's packets failed for, in words: many clients show only that they failed, or nothing. */
export class Failures {
  /** One for each kind of packet, the latest last. */
  readonly #texts = new Map<string, string>();

  note(packetName: string, text: string): void {
    this.#texts.delete(packetName);
    this.#texts.set(packetName, text);
  }

  /** The latest first. */
  lines(): readonly string[] {
    return [...this.#texts].reverse().map(([packetName, text]) => `${packetName}: ${text}`);
  }
}
