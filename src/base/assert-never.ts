/** Marks the branch that the type system shows to be unreachable; a new member of a union breaks the build there. */
export function assertNever(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
