package dev.freshet.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one command line came to, run in this process.
 *
 * @param exitCode what the process would exit with
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record CommandLineRun(int exitCode, String out, String err) {
  /** A decoder and texts so small that everything about them takes moments. */
  private static final List<String> SMALL =
      List.of(
          "--model.layers=2",
          "--model.hidden_size=64",
          "--model.intermediate_size=128",
          "--environment.alphabet=abcdef",
          "--environment.min_length=2",
          "--environment.max_length=3",
          "--orchestrator.max_tokens=6",
          "--sft.batch_size=64",
          "--sft.threads=1",
          "--trainer.pack_length=32",
          "--orchestrator.groups_per_batch=8",
          "--orchestrator.group_size=8",
          "--orchestrator.eval_problems=128");

  static CommandLineRun of(String... arguments) {
    PrintStream systemOut = System.out;
    PrintStream systemErr = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    try {
      int exitCode = Main.run(arguments);
      return new CommandLineRun(
          exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(systemOut);
      System.setErr(systemErr);
    }
  }

  /** The arguments of a command on a small decoder in {@code runDir}. */
  static String[] small(String command, Path runDir, String... more) {
    List<String> arguments = new ArrayList<>();
    arguments.add(command);
    arguments.add("--run.dir=" + runDir);
    arguments.addAll(SMALL);
    arguments.addAll(Arrays.asList(more));
    return arguments.toArray(String[]::new);
  }
}
