export type { Action, Response, ThreadAction } from './actions.js';
export type { StreamedEvent } from './event-stream.js';
export { type DetachResult, type EngineOptions, ScriptedEngine } from './scripted-engine.js';
