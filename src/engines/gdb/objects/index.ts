/** Every object of `qXfer`; what is not here gets the empty reply. */
import { auxv } from './auxv.js';
import { execFile } from './exec-file.js';
import { features } from './features.js';
import { librariesSvr4 } from './libraries-svr4.js';
import { osdata } from './osdata.js';
import { siginfo } from './siginfo.js';
import { threads } from './threads.js';
import { traceframeInfo } from './traceframe-info.js';
import type { TransferObject } from './transfer-object.js';

export const transferObjects: readonly TransferObject[] = [
  features,
  auxv,
  execFile,
  librariesSvr4,
  threads,
  siginfo,
  osdata,
  traceframeInfo,
];
