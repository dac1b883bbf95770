/** The tokens of `qSupported`, in both directions (GDB manual, "General Query Packets"). */

/** One token: `name+`, `name-`, `name?` or `name=text`. */
export interface Feature {
  readonly name: string;
  readonly value: '+' | '-' | '?' | { readonly text: string };
}

/** undefined when the token has none of the known forms; the protocol wants such tokens ignored. */
export function parseFeature(token: string): Feature | undefined {
  const equals = token.indexOf('=');
  if (equals > 0) return { name: token.slice(0, equals), value: { text: token.slice(equals + 1) } };
  const value = token.at(-1);
  if (token.length < 2 || (value !== '+' && value !== '-' && value !== '?')) return undefined;
  return { name: token.slice(0, -1), value };
}

/** The token of a feature; `parseFeature` reads it. */
export function formatFeature({ name, value }: Feature): string {
  return typeof value === 'object' ? `${name}=${value.text}` : `${name}${value}`;
}

/**
 * Features by name from the tokens behind `qSupported:`, or from the reply: true for `name+`, false for `name-`, the
 * text for `name=text`. Tokens of other forms, `name?` among them, are left out; the last of several wins.
 */
export function parseFeatures(text: string): Map<string, string | boolean> {
  const features = new Map<string, string | boolean>();
  for (const token of text.split(';')) {
    const feature = parseFeature(token);
    if (feature === undefined || feature.value === '?') continue;
    features.set(
      feature.name,
      typeof feature.value === 'object' ? feature.value.text : feature.value === '+',
    );
  }
  return features;
}
