package dev.freshet.cli;

import dev.freshet.wire.ApiKeys;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The API keys of a server or a front, which no configuration shows. */
final class KeyOptions {
  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description =
          "Key that requests must carry; may be repeated. Other users of this host see it in the"
              + " list of processes; --api-key-file and FRESHET_API_KEY are not seen (default:"
              + " none).")
  private List<String> keys = List.of();

  @Option(
      names = "--api-key-file",
      paramLabel = "FILE",
      description =
          "File of such keys, one a line (default: inference.api_key_file or router.api_key_file).")
  private Optional<String> file = Optional.empty();

  /** The file of this command line, if it names one. */
  Optional<String> file() {
    return file;
  }

  /** All keys, with those in the file that the configuration names. */
  ApiKeys with(String configured) {
    return ApiKeys.from(keys, configured);
  }
}
