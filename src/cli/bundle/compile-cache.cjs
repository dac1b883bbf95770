/**
 * Writes the bundle's cache beside it, or the file that is named: what the engine has compiled of the bundle when a program was
 * started and a client has looked at its first stop. Does nothing where there is no bundle, as in a checkout before it
 * is built, and where no program can be started.
 */
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { spawnSync } = require('node:child_process');
const process = require('node:process');

const dist = join(__dirname, '../../../dist');
const argument = 'write';

const packets = [
  'qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+;fork-events+;vfork-events+;exec-events+;vContSupported+',
  'vCont?',
  '!',
  'Hg0',
  'qXfer:features:read:target.xml:0,1000',
  'qXfer:auxv:read::0,1000',
  'qXfer:threads:read::0,1000',
  '?',
  'g',
  'm0,8',
  'vCont;s:p1.1',
  'vCont;s',
  'qC',
];

function frame(packet) {
  let sum = 0;
  for (const letter of packet) sum += letter.charCodeAt(0);
  return `$${packet}#${(sum & 0xff).toString(16).padStart(2, '0')}`;
}

function writeCacheAtExit(file) {
  process.argv = [process.argv[0], join(dist, 'outstep.cjs'), '-', '/bin/true'];
  const { progress, writeCache } = require(join(dist, 'outstep.cjs'));
  process.on('exit', () => {
    if (progress.hasServed) writeCache(file);
  });
}

const [, , first = join(dist, `outstep-${process.arch}.cache`), second] = process.argv;
if (first === argument) writeCacheAtExit(second);
else if (existsSync(join(dist, 'outstep.js')))
  spawnSync(process.execPath, [__filename, argument, first], {
    input: packets.map(frame).join(''),
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
  });
