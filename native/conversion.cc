#include "conversion.h"

#include <errno.h>
#include <string.h>

#include <algorithm>

#include "conversion_fields.h"

namespace outstep::conversion {

Napi::Object error(Napi::Env env, const Failure& failure) {
  std::string message = std::string(failure.request) + ": " + strerror(failure.code);
  Napi::Object object = Napi::Error::New(env, message).Value();
  object.Set("errno", Napi::Number::New(env, failure.code));
  object.Set("request", Napi::String::New(env, failure.request));
  object.Set("tid", Napi::Number::New(env, failure.tid));
  return object;
}

Napi::Value raise(Napi::Env env, const Failure& failure) {
  Napi::Error(env, error(env, failure)).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value truth(const Napi::CallbackInfo& info, bool value) {
  return Napi::Boolean::New(info.Env(), value);
}

Napi::Value doneOrGone(const Napi::CallbackInfo& info, int code, const char* request) {
  if (code == 0 || code == ESRCH) return truth(info, code == 0);
  return raise(info.Env(), {code, request, tidOf(info)});
}

uv_loop_t* eventLoop(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

void callBack(const Napi::FunctionReference& function) {
  Napi::Env env = function.Env();
  // Refused while the environment is torn down: then there is nobody to tell.
  napi_status status = napi_make_callback(env, nullptr, env.Global(), function.Value(), 0, nullptr, nullptr);
  if (status != napi_pending_exception) return;
  napi_value thrown = nullptr;
  if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

int64_t integer(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0;
}

uint64_t unsigned64(const Napi::Value& value) {
  bool lossless;
  return value.IsBigInt() ? value.As<Napi::BigInt>().Uint64Value(&lossless)
                          : static_cast<uint64_t>(integer(value));
}

pid_t tidOf(const Napi::CallbackInfo& info) {
  return static_cast<pid_t>(integer(info[0]));
}

std::vector<pid_t> tids(const Napi::Value& list) {
  auto array = list.As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Int32Array tidList(Napi::Env env, const std::vector<pid_t>& tids) {
  auto array = Napi::Int32Array::New(env, tids.size());
  std::copy(tids.begin(), tids.end(), array.Data());
  return array;
}

int handleOf(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<int>(integer(info[index]));
}

Napi::BigInt bigint(Napi::Env env, uint64_t value) {
  return Napi::BigInt::New(env, value);
}

namespace {

void setCondition(const Napi::Object& object, Effect* effect) {
  effect->flags_offset = offset(object, "flagsOffset");
  effect->any_set = word(object, "anySet");
  effect->any_clear = word(object, "anyClear");
  effect->negate = flag(object, "negate");
  Napi::Value differ = object.Get("differ");
  if (!differ.IsArray()) return;
  effect->differ_first = unsigned64(differ.As<Napi::Array>().Get(0u));
  effect->differ_second = unsigned64(differ.As<Napi::Array>().Get(1u));
}

void setCounter(const Napi::Object& object, Effect* effect) {
  effect->counter_offset = offset(object, "counterOffset");
  effect->counter_bits = static_cast<int>(number(object, "counterBits"));
  effect->decrement = flag(object, "decrement");
  effect->jump_when_zero = text(object, "jumpWhen") == "zero";
  effect->flags_offset = offset(object, "flagsOffset");
  effect->zero_flag_mask = word(object, "zeroFlagMask");
  std::string zero_flag = text(object, "zeroFlag");
  effect->zero_flag = zero_flag == "any" ? -1 : zero_flag == "set" ? 1 : 0;
}

void setIndirectJump(const Napi::Object& object, Effect* effect) {
  effect->register_offset = offset(object, "offset");
  effect->ignored_target_bits = word(object, "ignoredTargetBits");
  effect->barred_target_bits = word(object, "barredTargetBits");
  effect->link_offset = static_cast<int>(number(object, "linkOffset", -1));
  effect->branch_type = word(object, "branchType");
}

MemoryOperand memoryOperand(const Napi::Object& object) {
  MemoryOperand operand;
  operand.base_offset = static_cast<int>(number(object, "baseOffset", -1));
  operand.index_offset = static_cast<int>(number(object, "indexOffset", -1));
  operand.segment_base_offset = static_cast<int>(number(object, "segmentBaseOffset", -1));
  operand.scale = static_cast<uint64_t>(number(object, "scale", 1));
  operand.displacement = word(object, "displacement");
  operand.bits = static_cast<int>(number(object, "bits", 64));
  return operand;
}

Effect effect(const Napi::Object& object) {
  Effect result;
  std::string op = text(object, "op");
  result.target = word(object, "target");
  if (op == "jump") {
    result.op = Op::kJump;
  } else if (op == "branch") {
    result.op = Op::kBranch;
    setCondition(object.Get("condition").As<Napi::Object>(), &result);
  } else if (op == "test-branch") {
    result.op = Op::kTestBranch;
    result.register_offset = offset(object, "offset");
    result.tested_bits = word(object, "mask");
    result.jump_when_zero = text(object, "jumpWhen") == "zero";
  } else if (op == "link") {
    result.op = Op::kLink;
    result.link_offset = static_cast<int>(number(object, "linkOffset", -1));
  } else if (op == "jump-register") {
    result.op = Op::kJumpRegister;
    setIndirectJump(object, &result);
  } else if (op == "set-register") {
    result.op = Op::kSetRegister;
    result.register_offset = offset(object, "offset");
    result.value = word(object, "value");
  } else if (op == "load") {
    result.op = Op::kLoad;
    result.register_offset = offset(object, "offset");
    result.address = word(object, "address");
    result.loaded_bytes = offset(object, "lengthBytes");
    result.is_signed = flag(object, "isSigned");
  } else if (op == "call") {
    result.op = Op::kCall;
  } else if (op == "call-register") {
    result.op = Op::kCallRegister;
    result.register_offset = offset(object, "offset");
    result.barred_target_bits = word(object, "barredTargetBits");
  } else if (op == "call-memory") {
    result.op = Op::kCallMemory;
    result.operand = memoryOperand(object.Get("operand").As<Napi::Object>());
    result.barred_target_bits = word(object, "barredTargetBits");
  } else if (op == "push-register") {
    result.op = Op::kPushRegister;
    result.register_offset = offset(object, "offset");
  } else if (op == "push-value") {
    result.op = Op::kPushValue;
    result.value = word(object, "value");
  } else if (op == "count-branch") {
    result.op = Op::kCountBranch;
    setCounter(object, &result);
  }
  return result;
}

}  // namespace

SpawnOptions spawnOptions(const Napi::Object& object) {
  SpawnOptions options;
  options.file = text(object, "file");
  options.args = texts(object.Get("args"));
  options.environment = texts(object.Get("environment"));
  options.working_directory = text(object, "workingDirectory");
  options.disable_randomization = flag(object, "disableRandomization");
  options.redirect_stdio = flag(object, "redirectStdio");
  options.terminal = text(object, "terminal");
  forEach(object.Get("descriptors"),
          [&](const Napi::Value& fd) { options.descriptors.push_back(static_cast<int>(integer(fd))); });
  std::vector<std::string> stdio = texts(object.Get("stdio"));
  for (size_t fd = 0; fd < stdio.size() && fd < std::size(options.stdio); ++fd) options.stdio[fd] = stdio[fd];
  return options;
}

agent::Program program(const Napi::Value& bytes) {
  auto array = bytes.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

BreakpointPrograms breakpointPrograms(const Napi::Object& object) {
  BreakpointPrograms result;
  result.status_bits = word(object, "statusBits");
  forEach(object.Get("owners"), [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    OwnerPrograms owner;
    owner.owner = static_cast<int>(number(row, "owner"));
    forEach(row.Get("conditions"), [&](const Napi::Value& one) { owner.conditions.push_back(program(one)); });
    forEach(row.Get("commands"), [&](const Napi::Value& one) { owner.commands.push_back(program(one)); });
    result.owners.push_back(std::move(owner));
  });
  return result;
}

namespace {

Slot slot(const Napi::Object& object) {
  Slot result;
  result.size_bytes = offset(object, "lengthBytes");
  result.slot_length_bytes = static_cast<uint64_t>(number(object, "instructionBytes"));
  result.entry_offset = offset(object, "entryOffset");
  forEach(object.Get("parts"), [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    result.parts.push_back({offset(row, "offset"), word(row, "address")});
  });
  result.barred_stack_bits = word(object, "barredStackBits");
  result.makes_system_call = flag(object, "makesSystemCall");
  for (const std::string& fixup : texts(object.Get("fixups"))) {
    result.fixups.return_address |= fixup == "return-address";
    result.fixups.link |= fixup == "link";
    result.fixups.syscall_registers |= fixup == "syscall-registers";
    result.fixups.pushed_flags |= fixup == "pushed-flags";
  }
  return result;
}

}  // namespace

Plan plan(const Napi::Object& object, Slot* its_slot) {
  Plan result;
  std::string kind = text(object, "kind");
  auto original = object.Get("original");
  if (original.IsTypedArray()) result.original = program(original);
  auto checked_text = object.Get("checkedText");
  if (checked_text.IsTypedArray()) result.checked_text = program(checked_text);
  auto its_text = object.Get("text");
  if (its_text.IsTypedArray()) result.text = program(its_text);
  result.length_bytes = static_cast<uint64_t>(number(object, "lengthBytes"));
  result.barred_branch_types = static_cast<uint32_t>(number(object, "barredBranchTypes"));
  result.is_in_sequence = flag(object, "isInSequence");
  if (kind == "emulate") {
    result.kind = PlanKind::kEmulate;
    result.effect = effect(object.Get("effect").As<Napi::Object>());
  } else if (kind == "slot") {
    result.kind = PlanKind::kSlot;
  }
  auto form = object.Get("slot");
  if (form.IsObject()) {
    *its_slot = slot(form.As<Napi::Object>());
    its_slot->site_length_bytes = result.length_bytes;
    result.slot = word(form.As<Napi::Object>(), "address");
  }
  return result;
}

SystemCall systemCall(const Napi::Object& object) {
  SystemCall call;
  call.instruction = word(object, "instruction");
  call.number = word(object, "number");
  forEach(object.Get("args"), [&](const Napi::Value& value) { call.args.push_back(unsigned64(value)); });
  call.number_offset = offset(object, "numberOffset");
  forEach(object.Get("argumentOffsets"), [&](const Napi::Value& value) {
    call.argument_offsets.push_back(static_cast<size_t>(integer(value)));
  });
  call.result_offset = offset(object, "resultOffset");
  call.restart_offset = static_cast<int>(number(object, "restartOffset", -1));
  call.parking = word(object, "parking");
  call.parking_code = program(object.Get("parkingCode"));
  return call;
}

std::vector<HardwareRange> hardwareRanges(const Napi::Value& list) {
  std::vector<HardwareRange> result;
  forEach(list, [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    auto length_bytes = static_cast<uint64_t>(number(row, "lengthBytes"));
    result.push_back({word(row, "address"), length_bytes, flag(row, "isExecuted"), word(row, "statusBits")});
  });
  return result;
}

std::vector<WatchedValue> watchedValues(const Napi::Value& list) {
  std::vector<WatchedValue> result;
  forEach(list, [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    result.push_back({word(row, "address"), offset(row, "lengthBytes"), word(row, "statusBits"), {}});
  });
  return result;
}

CaughtCalls caughtCalls(const Napi::Value& numbers, const Napi::Value& are_others) {
  CaughtCalls calls;
  calls.is_rest = are_others.ToBoolean().Value();
  forEach(numbers,
          [&](const Napi::Value& number) { calls.numbers.push_back(static_cast<int>(integer(number))); });
  std::sort(calls.numbers.begin(), calls.numbers.end());
  return calls;
}

std::unordered_map<int, std::vector<LoggedRead>> loggedReads(const Napi::Value& list) {
  std::unordered_map<int, std::vector<LoggedRead>> result;
  forEach(list, [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    LoggedRead read;
    read.is_return = flag(row, "isReturn");
    read.is_string = flag(row, "isString");
    read.needs_success = flag(row, "needsSuccess");
    read.argument = static_cast<int>(number(row, "argument"));
    read.count_argument = static_cast<int>(number(row, "countArgument", LoggedRead::kAll));
    read.element_bytes = static_cast<uint32_t>(number(row, "elementBytes", 1));
    read.most_bytes = static_cast<uint32_t>(number(row, "mostBytes"));
    result[static_cast<int>(number(row, "number"))].push_back(read);
  });
  return result;
}

Range range(const Napi::Object& object) {
  Range result;
  result.start = word(object, "start");
  result.end = word(object, "end");
  result.steps_left = static_cast<int>(number(object, "stepLimit"));
  auto instructions = object.Get("instructions");
  if (instructions.IsTypedArray()) result.instructions = program(instructions);
  result.is_enclosed = flag(object, "isEnclosed");
  auto transfers = object.Get("transfers");
  if (transfers.IsTypedArray()) result.transfers = program(transfers);
  result.at = result.start;
  return result;
}

ResumeMode resumeMode(const Napi::Value& value) {
  std::string mode = value.As<Napi::String>().Utf8Value();
  if (mode == "step") return ResumeMode::kStep;
  if (mode == "range-step") return ResumeMode::kRangeStep;
  if (mode == "block-step") return ResumeMode::kBlockStep;
  if (mode == "range-run") return ResumeMode::kRangeRun;
  if (mode == "listen") return ResumeMode::kListen;
  return ResumeMode::kContinue;
}

Napi::Value bytes(Napi::Env env, const std::string& text) {
  auto array = Napi::Uint8Array::New(env, text.size());
  memcpy(array.Data(), text.data(), text.size());
  return array;
}

Napi::Object outcome(Napi::Env env, const agent::Outcome& outcome) {
  auto object = Napi::Object::New(env);
  if (outcome.error != nullptr) object.Set("error", Napi::String::New(env, outcome.error));
  if (outcome.value) object.Set("value", bigint(env, *outcome.value));
  auto recorded = Napi::Array::New(env, outcome.recorded.size());
  for (size_t index = 0; index < outcome.recorded.size(); ++index) {
    const agent::Recorded& one = outcome.recorded[index];
    auto row = Napi::Object::New(env);
    if (one.kind == agent::Recorded::Kind::kMemory) {
      row.Set("kind", Napi::String::New(env, "memory"));
      row.Set("address", bigint(env, one.subject));
      row.Set("lengthBytes", Napi::Number::New(env, static_cast<double>(one.length_bytes)));
    } else {
      row.Set("kind", Napi::String::New(env, "variable"));
      row.Set("number", Napi::Number::New(env, static_cast<double>(one.subject)));
    }
    recorded.Set(static_cast<uint32_t>(index), row);
  }
  object.Set("recorded", recorded);
  object.Set("text", bytes(env, outcome.text));
  return object;
}

Napi::String resumeResult(Napi::Env env, ResumeResult result) {
  switch (result) {
    case ResumeResult::kRunning:
      return Napi::String::New(env, "running");
    case ResumeResult::kGone:
      return Napi::String::New(env, "gone");
    case ResumeResult::kRefused:
      return Napi::String::New(env, "refused");
    case ResumeResult::kSequence:
      return Napi::String::New(env, "sequence");
    case ResumeResult::kStretch:
      return Napi::String::New(env, "stretch");
    case ResumeResult::kDone:
      return Napi::String::New(env, "done");
  }
  return Napi::String::New(env, "gone");
}

}  // namespace outstep::conversion
