export { CrashEngine, type CrashOptions, type Held } from './crash-engine.js';
export { dumpsCore, endsProcess } from './disposition.js';
export { type CrashReport, crashReport, type RegisterValue, reportJson, reportText } from './report.js';
