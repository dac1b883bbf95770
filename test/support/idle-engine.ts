/**
 * Loaded in front of a server, it puts an engine that wants nothing on every process beside the server's own, for
 * OUTSTEP_TEST_SERVER="node --import .../dist/test/support/idle-engine.js .../dist/src/cli/main.js": what the tests of
 * debuggers see is to be the same.
 */
import { type Attachment, type Engine, letRun, Process, Tracer } from '../../src/core/index.js';

const idle: Engine = { name: 'idle', mask: new Set(), onEvent: () => 'pass' };

/** From the first moment on; it goes when it is the only one left. */
function join({ process }: Attachment): void {
  if (process.attachmentOf(idle) === undefined) letRun(process.attachEngine(idle));
}

const { launch, attach } = Tracer.prototype;
Tracer.prototype.launch = async function (...words) {
  const attachment = await launch.apply(this, words);
  join(attachment);
  return attachment;
};
Tracer.prototype.attach = async function (...words) {
  const attachment = await attach.apply(this, words);
  join(attachment);
  return attachment;
};

const { dropAttachment } = Process.prototype;
Process.prototype.dropAttachment = function (attachment) {
  dropAttachment.call(this, attachment);
  const [last, ...others] = this.attachments;
  if (last?.engine === idle && others.length === 0 && this.isAlive) void last.detach();
};
