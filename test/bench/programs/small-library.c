int small_library(void) { return 1; }
