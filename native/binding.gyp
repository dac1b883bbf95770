{
  "target_defaults": {
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-fno-rtti", "-fno-stack-protector"],
    "cflags": ["-ffunction-sections", "-fdata-sections", "-U_FORTIFY_SOURCE"],
    # 64-bit offsets are the only ones there are, and these names of the calls belong to one C library.
    "defines!": ["_FILE_OFFSET_BITS=64", "_LARGEFILE_SOURCE"],
    "ldflags!": ["-rdynamic", "-pthread"],
    "ldflags": ["-Wl,--gc-sections", "-Wl,-z,relro,-z,now"],
    "conditions": [["target_arch=='arm64'", { "cflags": ["-mno-outline-atomics"] }]]
  },
  "targets": [
    {
      "target_name": "outstep",
      "sources": [
        "addon.cc", "agent_bytecode.cc", "agent_expression.cc", "agent_format.cc", "arch_conversion.cc",
        "breakpoint_hit.cc", "call_log.cc", "call_stops.cc", "child_signal.cc", "children.cc", "conversion.cc", "core_dump.cc",
        "cxx_runtime.cc", "decimal.cc", "ended_steps.cc", "frame.cc", "frame_binding.cc", "guarded_stack.cc",
        "interrupted_sites.cc", "listener.cc", "machine.cc", "news_conversion.cc", "out_of_line.cc",
        "passed_signals.cc", "ptrace_ops.cc", "repeater.cc", "repeater_binding.cc", "resuming.cc",
        "search.cc", "seizure.cc", "sentinel_client.cc", "socket.cc", "socket_binding.cc", "space.cc",
        "space_binding.cc", "spawn.cc", "stops.cc", "system_call.cc", "task_folder.cc", "task_lines.cc",
        "terminal.cc", "thread_binding.cc", "tracee.cc", "tracer.cc", "tracer_binding.cc",
        "unwatched_step.cc", "wait_clock.cc", "waiting.cc", "watched_values.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-fvisibility=hidden"],
      # No library at all: what is left comes from the C library of the process that loads this, whichever it is.
      "ldflags": [
        "-nodefaultlibs", "-Wl,-z,nodelete", "-Wl,--version-script=<(module_root_dir)/exports.map"
      ],
      "libraries": ["-l:libstdc++.a", "-lgcc"]
    },
    {
      "target_name": "outstep-sentinel",
      "type": "executable",
      "sources": ["bare_system.cc", "left_threads.cc", "sentinel.cc"],
      "cflags": [
        "-ffreestanding", "-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns"
      ],
      "ldflags": ["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"]
    }
  ]
}
