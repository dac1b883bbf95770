#pragma once

#include <napi.h>

namespace outstep {

/** Adds the functions that encode and decode large packets. */
void defineFrameFunctions(Napi::Env env, Napi::Object exports);

}  // namespace outstep
