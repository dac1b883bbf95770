/**
 * What runs in the guest, in groups of one mocha each: what is known to pass there. Emulation on two cores is ten to
 * twenty times slower than the machine itself, so that the whole suite would take hours; files come in one by one as they
 * are made to know no machine.
 */
export interface TestGroup {
  readonly name: string;
  /** Compiled test files, from the project's folder. */
  readonly files: readonly string[];
}

function filesOf(folder: string, names: readonly string[]): readonly string[] {
  return names.map((name) => `dist/test/${folder}/${name}.test.js`);
}

export const groups: readonly TestGroup[] = [
  { name: 'native', files: filesOf('native', ['binding', 'frame', 'task-lines']) },
  { name: 'core', files: filesOf('core', ['launch', 'breakpoint']) },
];

/** On this machine, with debuggers that speak aarch64. */
export const outsideFiles: readonly string[] = ['dist/test/aarch64/outside/gdb-multiarch.js'];
