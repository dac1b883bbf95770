/** The shapes of LLDB's JSON (LLDB's "GDB Remote Protocol Extensions"). */
import {
  type JsonShape,
  type JsonValue,
  jsonArray,
  jsonInteger,
  jsonMembers,
  jsonText,
} from '../format/json.js';
import { bytesOfHex, hexOf } from '../hex.js';

/** A thread of `jThreadsInfo`, and of the stop reply's key `jstopinfo`. */
export interface LldbThread {
  readonly tid: number;
  readonly name?: string;
  readonly reason?: string;
  readonly description?: string;
  /** In the numbering that was agreed: GDB's, or the host's after `native-signals+`. */
  readonly signal?: number;
  readonly registers?: readonly { readonly number: number; readonly value: Uint8Array }[];
  /** Memory that the client will want, so that it need not ask. */
  readonly memory?: readonly { readonly address: bigint; readonly bytes: Uint8Array }[];
}

/** Copies the members that are there. */
function optionalMember<T>(
  name: string,
  value: JsonValue | undefined,
  read: (value: JsonValue) => T,
): Readonly<Record<string, T>> {
  return value === undefined ? {} : { [name]: read(value) };
}

function readThread(value: JsonValue): LldbThread {
  const members = jsonMembers(value, 'a thread');
  const text = (name: string): object =>
    optionalMember(name, members.get(name), (each) => jsonText(each, name));
  return {
    tid: jsonInteger(members.get('tid'), 'tid'),
    ...text('name'),
    ...text('reason'),
    ...text('description'),
    ...optionalMember('signal', members.get('signal'), (each) => jsonInteger(each, 'signal')),
    ...optionalMember('registers', members.get('registers'), readRegisters),
    ...optionalMember('memory', members.get('memory'), readMemory),
  };
}

function readRegisters(value: JsonValue): { number: number; value: Uint8Array }[] {
  return [...jsonMembers(value, 'registers')].map(([number, digits]) => ({
    number: jsonInteger(Number(number), 'the number of a register'),
    value: bytesOfHex(jsonText(digits, `register ${number}`)),
  }));
}

function readMemory(value: JsonValue): { address: bigint; bytes: Uint8Array }[] {
  return jsonArray(value, 'memory').map((each) => {
    const members = jsonMembers(each, 'a piece of memory');
    return {
      address: BigInt(jsonInteger(members.get('address'), 'address')),
      bytes: bytesOfHex(jsonText(members.get('bytes'), 'bytes')),
    };
  });
}

function writeThread({ registers, memory, ...rest }: LldbThread): JsonValue {
  return {
    ...rest,
    ...(registers && {
      registers: Object.fromEntries(registers.map(({ number, value }) => [number, hexOf(value)])),
    }),
    ...(memory && {
      memory: memory.map(({ address, bytes }) => ({ address: Number(address), bytes: hexOf(bytes) })),
    }),
  };
}

export const lldbThreads: JsonShape<readonly LldbThread[]> = {
  read: (value) => jsonArray(value, 'the list of threads').map(readThread),
  write: (threads) => threads.map(writeThread),
};

/** A module that `jModulesInfo` asks for. */
export interface ModuleQuery {
  readonly file: string;
  readonly triple: string;
}

export const moduleQueries: JsonShape<readonly ModuleQuery[]> = {
  read: (value) =>
    jsonArray(value, 'the list of modules').map((each) => {
      const members = jsonMembers(each, 'a module');
      return {
        file: jsonText(members.get('file'), 'file'),
        triple: jsonText(members.get('triple'), 'triple'),
      };
    }),
  write: (modules) => modules.map(({ file, triple }) => ({ file, triple })),
};

/** What is known of a module: the build id, and where in a file it lies. */
export interface ModuleFacts {
  readonly uuid: string;
  readonly triple: string;
  readonly filePath: string;
  readonly fileOffset: number;
  readonly fileBytes: number;
}

export const moduleFacts: JsonShape<readonly ModuleFacts[]> = {
  read: (value) =>
    jsonArray(value, 'the list of modules').map((each) => {
      const members = jsonMembers(each, 'a module');
      return {
        uuid: jsonText(members.get('uuid'), 'uuid'),
        triple: jsonText(members.get('triple'), 'triple'),
        filePath: jsonText(members.get('file_path'), 'file_path'),
        fileOffset: jsonInteger(members.get('file_offset'), 'file_offset'),
        fileBytes: jsonInteger(members.get('file_size'), 'file_size'),
      };
    }),
  write: (modules) =>
    modules.map(({ uuid, triple, filePath, fileOffset, fileBytes }) => ({
      uuid,
      triple,
      file_path: filePath,
      file_offset: fileOffset,
      file_size: fileBytes,
    })),
};

/** Breakpoint packets that are done one after the other, and the reply to each. */
export const breakpointRequests: JsonShape<readonly string[]> = {
  read: (value) =>
    jsonArray(
      jsonMembers(value, 'the request').get('breakpoint_requests') ?? null,
      'breakpoint_requests',
    ).map((each) => jsonText(each, 'a request')),
  write: (requests) => ({ breakpoint_requests: requests }),
};

export const breakpointResults: JsonShape<readonly string[]> = {
  read: (value) =>
    jsonArray(jsonMembers(value, 'the reply').get('results') ?? null, 'results').map((each) =>
      jsonText(each, 'a result'),
    ),
  write: (results) => ({ results }),
};
