/** How the next program of this connection is to be started (GDB manual, "Environment Packets"). */
import { type FieldReader, ProtocolError } from 'gdb-js-rsp-parser';
import { nothing, ok, type PacketEntry, packet } from '../packet.js';

/** `:0` or `:1`. */
function parseSwitch(fields: FieldReader): boolean {
  fields.expect(':');
  const value = fields.textUntil();
  if (value !== '0' && value !== '1') throw new ProtocolError(`neither 0 nor 1: ${value}`);
  return value === '1';
}

function parseHexText(fields: FieldReader): string {
  fields.expect(':');
  const value = fields.hexText();
  fields.expectEnd();
  return value;
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** NAME=VALUE; the value may contain further `=`. */
function parseVariable(fields: FieldReader): Variable {
  const variable = parseHexText(fields);
  const end = variable.indexOf('=');
  if (end < 1 || variable.includes('\0')) throw new ProtocolError('not of the form NAME=VALUE');
  return { name: variable.slice(0, end), value: variable.slice(end + 1) };
}

function parseName(fields: FieldReader): string {
  const name = parseHexText(fields);
  if (name === '' || name.includes('=')) throw new ProtocolError('not a name of a variable');
  return name;
}

/** `~` and `~/...` as a shell has them: the client's user writes them without knowing this machine's folders. */
function expandHome(folder: string, home: string | undefined): string {
  const startsAtHome = folder === '~' || folder.startsWith('~/');
  return startsAtHome && home !== undefined ? home + folder.slice(1) : folder;
}

export const environmentPackets: readonly PacketEntry[] = [
  packet({
    name: 'QDisableRandomization',
    advertise: 'QDisableRandomization+',
    parse: parseSwitch,
    run: ({ launchSettings }, on) => {
      launchSettings.disableRandomization = on;
      return ok;
    },
  }),
  packet({
    name: 'QStartupWithShell',
    advertise: 'QStartupWithShell+',
    parse: parseSwitch,
    run: ({ launchSettings }, on) => {
      launchSettings.startWithShell = on;
      return ok;
    },
  }),
  packet({
    name: 'QEnvironmentReset',
    advertise: 'QEnvironmentReset+',
    parse: nothing,
    run: ({ launchSettings }) => {
      launchSettings.resetEnvironment();
      return ok;
    },
  }),
  packet({
    name: 'QEnvironmentHexEncoded',
    advertise: 'QEnvironmentHexEncoded+',
    parse: parseVariable,
    run: ({ launchSettings }, { name, value }) => {
      launchSettings.environment.set(name, value);
      return ok;
    },
  }),
  packet({
    name: 'QEnvironmentUnset',
    advertise: 'QEnvironmentUnset+',
    parse: parseName,
    run: ({ launchSettings }, name) => {
      launchSettings.environment.delete(name);
      return ok;
    },
  }),
  packet({
    name: 'QSetWorkingDir',
    advertise: 'QSetWorkingDir+',
    parse: parseHexText,
    run: ({ launchSettings }, folder) => {
      const home = launchSettings.environment.get('HOME');
      launchSettings.workingDirectory = folder === '' ? undefined : expandHome(folder, home);
      return ok;
    },
  }),
];
