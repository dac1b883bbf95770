/** Hears everything that goes over one connection. What it is given is the giver's again when it returns. */
export interface WireTap {
  /** Bytes that the client has sent, before they are looked at. */
  fromClient(bytes: Uint8Array): void;
  /** Bytes for the client. */
  toClient(bytes: Uint8Array): void;
}

/** Makes taps, one for each connection. `from`: who the client is. */
export type OpenTap = (from: string) => WireTap;

/** One that hands on to all of them; undefined: there are none. */
export function openAll(taps: readonly OpenTap[]): OpenTap | undefined {
  if (taps.length === 0) return undefined;
  return (from) => {
    const opened = taps.map((open) => open(from));
    return {
      fromClient: (bytes) => {
        for (const tap of opened) tap.fromClient(bytes);
      },
      toClient: (bytes) => {
        for (const tap of opened) tap.toClient(bytes);
      },
    };
  };
}
