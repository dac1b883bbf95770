#include "conversion.h"
#include "conversion_fields.h"

namespace outstep::conversion {

namespace {

std::vector<CodePattern> codePatterns(const Napi::Value& list) {
  std::vector<CodePattern> result;
  forEach(list, [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    result.push_back({program(row.Get("bytes")), program(row.Get("mask"))});
  });
  return result;
}

}  // namespace

Arch arch(const Napi::Object& object) {
  Arch result;
  result.general_note = static_cast<int>(number(object, "generalNote"));
  result.general_size_bytes = offset(object, "generalSizeBytes");
  result.register_bytes = offset(object, "registerBytes");
  result.pc_offset = offset(object, "pcOffset");
  result.pc_user_offset = static_cast<int>(number(object, "pcUserOffset", -1));
  result.sp_offset = offset(object, "spOffset");
  result.flags_offset = offset(object, "flagsOffset");
  result.syscall_next_offset = static_cast<int>(number(object, "syscallNextOffset", -1));
  result.syscall_flags_offset = static_cast<int>(number(object, "syscallFlagsOffset", -1));
  result.syscall_number_note = static_cast<int>(number(object, "syscallNumberNote"));
  result.syscall_number_offset = offset(object, "syscallNumberOffset");
  result.syscall_result_offset = offset(object, "syscallResultOffset");
  forEach(object.Get("syscallArgumentOffsets"), [&](const Napi::Value& value) {
    result.syscall_argument_offsets.push_back(static_cast<size_t>(integer(value)));
  });
  result.syscall_end_mark_offset = static_cast<int>(number(object, "syscallEndMarkOffset", -1));
  result.rewinds_calls_early = flag(object, "rewindsCallsEarly");
  result.system_call_instructions = byteStrings(object.Get("syscallInstructions"));
  result.breakpoint_lookalikes = codePatterns(object.Get("breakpointLookalikes"));
  forEach(object.Get("signalFrames"), [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    result.signal_frames.push_back({offset(row, "pcOffset"), offset(row, "flagsOffset")});
  });
  result.thread_pointer_note = static_cast<int>(number(object, "threadPointerNote"));
  result.thread_pointer_offset = offset(object, "threadPointerOffset");
  result.trap_flag = word(object, "trapFlag");
  result.alignment_flag = word(object, "alignmentFlag");
  result.branch_target_flags = word(object, "branchTargetFlags");
  result.return_mark = word(object, "returnMark");
  result.link_offset = static_cast<int>(number(object, "linkOffset", -1));
  result.sequence_starts = codePatterns(object.Get("sequenceStarts"));
  result.address_mask = word(object, "addressMask");
  result.has_coherent_text = flag(object, "hasCoherentText");
  result.keeps_stepping = flag(object, "keepsStepping");
  result.breakpoint_pc_offset = static_cast<uint64_t>(number(object, "breakpointPcOffset"));
  result.guarded_stack_note = static_cast<int>(number(object, "guardedStackNote"));
  result.guarded_stack_enabled_offset = offset(object, "guardedStackEnabledOffset");
  result.guarded_stack_pointer_offset = offset(object, "guardedStackPointerOffset");
  result.debug_status_offset = static_cast<int>(number(object, "debugStatusOffset", -1));
  result.debug_status_mask = word(object, "debugStatusMask");
  result.traps_before_access = flag(object, "trapsBeforeAccess");
  forEach(object.Get("debugSets"), [&](const Napi::Value& value) {
    auto row = value.As<Napi::Object>();
    int note_type = static_cast<int>(number(row, "noteType"));
    result.debug_sets.push_back(
        {note_type, flag(row, "isExecuted"), offset(row, "controlOffset"), offset(row, "strideBytes")});
  });
  result.breakpoint_trap_code = static_cast<int>(number(object, "breakpointTrapCode"));
  result.call_step_trap_code = static_cast<int>(number(object, "callStepTrapCode"));
  auto bytes = object.Get("breakpointBytes").As<Napi::Uint8Array>();
  result.breakpoint_bytes.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
  forEach(object.Get("breakpointTrapCodes"), [&](const Napi::Value& value) {
    result.breakpoint_trap_codes.push_back(static_cast<int>(integer(value)));
  });
  forEach(object.Get("registers"), [&](const Napi::Value& value) {
    auto place = value.As<Napi::Object>();
    result.registers.push_back({offset(place, "offset"), offset(place, "sizeBytes")});
  });
  return result;
}

}  // namespace outstep::conversion
