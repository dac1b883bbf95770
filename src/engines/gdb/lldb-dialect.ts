/** What LLDB has agreed with this server, packet by packet; the first stop reply comes after all of it. */
export class LldbDialect {
  /** Errors may have a text behind the number (`QEnableErrorStrings`). */
  hasErrorStrings = false;
  /** Stop replies tell of every thread (`QListThreadsInStopReply`). */
  listsThreads = false;
  /** Replies to `x` are bare data, without a `b` before them (`x0,0`). */
  hasBareUploads = false;
}
