package dev.freshet.orchestrator;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import dev.freshet.rollouts.primerl.RankFiles;
import dev.freshet.rollouts.primerl.RankPacking;
import dev.freshet.rollouts.primerl.RankTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Whether and how batches go to prime-rl's trainer. */
@Section(
    "For `freshet orchestrate` with prime-rl's trainer: batches in its format, beside those in"
        + " rollouts/. Its weights are taken with orchestrator.broadcasts.")
public record PrimeRlConfig(
    @Key(
            def = "off",
            doc =
                "off; files: dir/step_N/rank_r.bin, its transport filesystem; zmq: messages, its"
                    + " transport zmq")
        Transport transport,
    @Key(
            def = "",
            doc =
                "for files: rollouts/ in the trainer's output directory, batches/ in newer"
                    + " versions")
        String dir,
    @Key(def = "1", doc = "data-parallel ranks of the trainer") int ranks,
    @Key(
            def = "2048",
            doc =
                "most tokens of a micro-batch, at least trainer.pack_length: the trainer's"
                    + " model.seq_len")
        int seqLen,
    @Key(def = "1", doc = "micro-batches are padded to a multiple of so many tokens")
        int padToMultipleOf,
    @Key(def = "127.0.0.1", doc = "for zmq: address to bind to") String host,
    @Key(
            def = "5555",
            doc = "for zmq: port of the batches; the one above it is for the ranks' announcements")
        int port,
    @Key(def = "600", doc = "for zmq: for all ranks to announce themselves") long readyDeadlineS) {
  /** How batches are handed over. A constant's lower-case name is its name in the configuration. */
  public enum Transport {
    OFF,
    FILES,
    ZMQ
  }

  public PrimeRlConfig {
    Check.that(
        transport != Transport.FILES || !dir.isEmpty(),
        "dir",
        "a directory with transport = \"files\"");
    Check.positive("ranks", ranks);
    Check.positive("padToMultipleOf", padToMultipleOf);
    Check.that(
        seqLen >= padToMultipleOf && seqLen % padToMultipleOf == 0,
        "seqLen",
        "a multiple of pad_to_multiple_of");
    Check.address("host", host);
    Check.that(port >= 1 && port < 65_535, "port", "1 to 65534: the port above it is used, too");
    Check.positive("readyDeadlineS", readyDeadlineS);
  }

  /** Whether batches go to prime-rl's trainer. */
  public boolean isOn() {
    return transport != Transport.OFF;
  }

  /** How the trainer's ranks share a batch. */
  RankPacking packing() {
    return new RankPacking(ranks, seqLen, padToMultipleOf);
  }

  /** Opens the way to the trainer, if there is one; the caller closes it. */
  Optional<RankTransport> open() {
    return switch (transport) {
      case OFF -> Optional.empty();
      case FILES -> Optional.of(new RankFiles(Path.of(dir)));
      case ZMQ ->
          Optional.of(new RankSockets(host, port, ranks, Duration.ofSeconds(readyDeadlineS)));
    };
  }
}
