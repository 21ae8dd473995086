// The words that `ito` understands.
#pragma once

namespace ito::cli {

// Does what the words say. Returns the exit code: 2, after a line on stderr, for words that it does not understand. Throws what the commands throw.
int run_command_line(int argc, char** argv);

}  // namespace ito::cli
