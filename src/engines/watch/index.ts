export { WatchEngine, type WatchOptions } from './watch-engine.js';
