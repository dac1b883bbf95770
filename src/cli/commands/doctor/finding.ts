/** What a check of the doctor's has found. */
export interface Finding {
  /** One word. */
  readonly check: string;
  /** `note`: works, within the limits that the text tells of. */
  readonly status: 'ok' | 'note' | 'failed';
  /** A sentence without its full stop. */
  readonly text: string;
  /** The one line that helps. */
  readonly fix: string | undefined;
}

export function ok(check: string, text: string): Finding {
  return { check, status: 'ok', text, fix: undefined };
}

export function note(check: string, text: string, fix?: string): Finding {
  return { check, status: 'note', text, fix };
}

export function failed(check: string, text: string, fix?: string): Finding {
  return { check, status: 'failed', text, fix };
}
