package dev.freshet.cli;

import dev.freshet.config.ConfigException;
import dev.freshet.config.ConfigLoader;
import dev.freshet.process.RunDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code --config FILE}, dotted overrides such as {@code --trainer.lr 1e-4}, and {@code --dry-run}.
 */
final class ConfigOptions {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "TOML file of the run, such as those in examples/ (default: none).")
  private @Nullable Path file;

  @Option(
      names = "--dry-run",
      description = "Print the resolved configuration and exit (default: off).")
  private boolean dryRun;

  @Parameters(
      arity = "0..*",
      paramLabel = "--key value",
      description =
          "Overrides of the configuration, such as --trainer.lr 1e-4; --dry-run prints all keys (default: none).")
  private List<String> rest = new ArrayList<>();

  /** Whether the configuration is only to be printed. */
  boolean dryRun() {
    return dryRun;
  }

  /** The resolved configuration. */
  FreshetConfig load() {
    return load(Map.of());
  }

  /** The resolved configuration; the command's own options override everything else. */
  FreshetConfig load(Map<String, String> ofCommand) {
    Map<String, String> overrides = overrides();
    overrides.putAll(ofCommand);
    return ConfigLoader.load(FreshetConfig.class, Optional.ofNullable(file), overrides);
  }

  /**
   * The resolved configuration of a run that is there: that of its directory, unless a file is
   * given, with the overrides.
   */
  FreshetConfig loadOfRun() {
    Map<String, String> overrides = overrides();
    String dir = overrides.getOrDefault("run.dir", "");
    if (file == null && dir.isEmpty()) {
      throw new ConfigException("run.dir is empty: expected the directory of the run to resume");
    }
    Path used = file == null ? new RunDirectory(Path.of(dir)).config() : file;
    return ConfigLoader.load(FreshetConfig.class, Optional.of(used), overrides);
  }

  /** Prints the configuration as TOML. Returns the exit code. */
  int print(FreshetConfig config) {
    System.out.print(ConfigLoader.toToml(config));
    return 0;
  }

  private Map<String, String> overrides() {
    Map<String, String> overrides = new LinkedHashMap<>();
    for (int i = 0; i < rest.size(); i++) {
      String argument = rest.get(i);
      if (!argument.startsWith("--") || !argument.contains(".")) {
        throw new ConfigException(
            "argument '%s': expected an option or a dotted override such as --trainer.lr 1e-4"
                .formatted(argument));
      }
      int equals = argument.indexOf('=');
      if (equals > 0) {
        overrides.put(argument.substring(2, equals), argument.substring(equals + 1));
      } else if (i + 1 < rest.size()) {
        overrides.put(argument.substring(2), rest.get(++i));
      } else {
        throw new ConfigException("override %s: expected a value after it".formatted(argument));
      }
    }
    return overrides;
  }
}
