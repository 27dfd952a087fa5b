package dev.freshet.rollouts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.freshet.rollouts.JournalRecord.Dispatched;
import dev.freshet.rollouts.JournalRecord.Failed;
import dev.freshet.rollouts.JournalRecord.Handed;
import dev.freshet.rollouts.JournalRecord.Levels;
import dev.freshet.rollouts.JournalRecord.Observed;
import dev.freshet.rollouts.JournalRecord.Played;
import dev.freshet.rollouts.JournalRecord.Sampled;
import dev.freshet.rollouts.JournalRecord.Scored;
import dev.freshet.rollouts.JournalRecord.Taken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The journal of a run on real files. */
class RunJournalTest {
  private static final Map<String, String> SETTINGS = Map.of("run.seed", "1", "group_size", "4");

  @TempDir Path dir;
  private Path file;

  @BeforeEach
  void name() {
    file = dir.resolve("run/journal.jsonl");
  }

  @Test
  void everyNumberComesBackToTheLastBit() {
    float[] logprobs = {-1e-8f, Float.MIN_VALUE, -0.1f, Math.nextDown(-0.3f), -1.1754944E-38f};
    int[] ids = {1, 2, 3, 4, 5};
    double reward = Math.nextUp(0.1);
    Sampled sampled = new Sampled(7, 2, 0, ids, logprobs, new int[] {3, 3, 3, 4, 4}, true, "stop");
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(7));
      journal.append(new Observed(7, 2, 0, new int[] {9, 8}));
      journal.append(sampled);
      journal.append(new Scored(7, 2, reward, Map.of("exact", 1 / 3.0), "stop", 1));
      journal.append(new Failed(7, 3, "server", "line\n\"two\""));
    }

    JournaledRun run = read();

    assertThat(run.settings()).isEqualTo(SETTINGS);
    assertThat(run.groups())
        .extracting(JournaledRun.Group::dispatch)
        .containsExactly(dispatched(7));
    JournaledRollout rollout = run.groups().getFirst().rollout(2);
    assertThat(rollout.turns().getFirst().sampled())
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(sampled);
    assertThat(rollout.end())
        .contains(new Scored(7, 2, reward, Map.of("exact", 1 / 3.0), "stop", 1));
    Trajectory tokens = rollout.trajectory();
    assertThat(tokens.tokenIds()).containsExactly(9, 8, 1, 2, 3, 4, 5);
    assertThat(Arrays.copyOfRange(tokens.logprobs(), 2, 7)).containsExactly(logprobs);
    assertThat(run.groups().getFirst().rollout(3).end())
        .contains(new Failed(7, 3, "server", "line\n\"two\""));
  }

  @Test
  void turnsGrowRecordByRecordAndARolloutThatBeginsAgainForgetsThem() {
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(0));
      journal.append(new Observed(0, 1, 0, new int[] {1}));
      journal.append(sampled(0, 1, 0, "", 10, 11));
      journal.append(sampled(0, 1, 0, "stop", 12));
      journal.append(new Observed(0, 1, 1, new int[] {2}));
      journal.append(sampled(0, 1, 1, "", 13));
      journal.append(new Observed(0, 2, 0, new int[] {1}));
      journal.append(sampled(0, 2, 0, "", 14));
      journal.append(new Observed(0, 2, 0, new int[] {1}));
    }

    JournaledRun.Group group = read().groups().getFirst();

    JournaledRollout two = group.rollout(1);
    assertThat(two.trajectory().tokenIds()).containsExactly(1, 10, 11, 12, 2, 13);
    assertThat(two.turns()).extracting(JournaledRollout.Turn::length).containsExactly(3, 1);
    assertThat(two.turns())
        .extracting(JournaledRollout.Turn::finishReason)
        .containsExactly(Optional.of("stop"), Optional.empty());
    assertThat(two.end()).isEmpty();
    assertThat(group.rollout(2).trajectory().tokenIds()).containsExactly(1);
    assertThat(group.rollout(3)).isEqualTo(JournaledRollout.NOTHING);
  }

  @Test
  void whatAnEnvironmentsProgramPlayedComesBackWithItsBranches() {
    Trajectory longest =
        new Trajectory.Builder()
            .observe(new int[] {5, 6})
            .generate(new int[] {1, 2}, new float[] {Math.nextDown(-0.3f), 0}, new int[] {3, 3})
            .observe(new int[] {7})
            .generate(new int[] {3}, new float[] {-1e-8f}, new int[] {4}, true)
            .build();
    Trajectory branch =
        new Trajectory.Builder()
            .observe(new int[] {5})
            .generate(new int[] {8}, new float[] {-0.5f}, new int[] {3})
            .build();
    AgentRollout other = new AgentRollout("solver", 1 / 3.0, "length", 2, List.of(branch, longest));
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(0));
      journal.append(new Played(0, 1, List.of(longest, branch), List.of(other)));
      journal.append(new Scored(0, 1, 1, Map.of(), "stop", 3));
      journal.append(new Played(0, 2, List.of(branch), List.of()));
    }

    JournaledRun.Group group = read().groups().getFirst();

    JournaledRollout ended = group.rollout(1);
    assertThat(ended.trajectory()).isEqualTo(longest);
    assertThat(ended.branches()).containsExactly(branch);
    assertThat(ended.others()).containsExactly(other);
    assertThat(group.rollout(2).others()).isEmpty();
    assertThat(ended.end()).contains(new Scored(0, 1, 1, Map.of(), "stop", 3));
    assertThat(group.rollout(2).end()).isEmpty();
  }

  @Test
  void aTurnIsCutBeforeTheFirstTokenOfANewerVersion() {
    float[] logprobs = {-1, -2, -3};
    Sampled old = sampled(0, 1, 0, "", 10, 11);
    Sampled both =
        new Sampled(0, 1, 0, new int[] {12, 13, 14}, logprobs, new int[] {1, 1, 2}, false, "stop");
    JournaledRollout.Turn turn = new JournaledRollout.Turn(new int[] {1}, List.of(old, both));

    JournaledRollout.Turn cut = turn.upTo(1);

    assertThat(cut.length()).isEqualTo(4);
    assertThat(cut.finishReason()).isEmpty();
    assertThat(cut.sampled().getLast().tokenIds()).containsExactly(12, 13);
    assertThat(cut.sampled().getLast().logprobs()).containsExactly(-1, -2);
    assertThat(turn.upTo(0).length()).isEqualTo(2);
    assertThat(turn.upTo(2)).isEqualTo(turn);
  }

  @Test
  void aBatchIsTakenUntilItIsHandedOverWithItsGroups() {
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      for (int group = 0; group < 5; group++) {
        journal.append(dispatched(group));
      }
      journal.append(new Taken(1, 0, List.of(0L, 3L)));
      assertThat(read().taken()).contains(new Taken(1, 0, List.of(0L, 3L)));
      journal.append(handed(1, 5, List.of(0L, 2L, 3L)));
      journal.append(new Taken(2, 1, List.of(1L, 4L)));
    }

    JournaledRun run = read();

    assertThat(run.handed().step()).isEqualTo(1);
    assertThat(run.taken()).contains(new Taken(2, 1, List.of(1L, 4L)));
    assertThat(run.groups()).extracting(g -> g.dispatch().group()).containsExactly(1L, 4L);
    assertThat(run.dispatched()).isEqualTo(5);
  }

  @Test
  void aLastRecordThatWasCutShortIsRemovedAtWhateverByte() throws IOException {
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(0));
    }
    byte[] whole = Files.readAllBytes(file);
    Trajectory tokens =
        new Trajectory.Builder()
            .generate(new int[] {4}, new float[] {-0.5f}, new int[] {0})
            .build();
    for (JournalRecord next :
        List.of(dispatched(1), new Played(0, 0, List.of(tokens), List.of()))) {
      byte[] last = JournalLine.of(next);
      for (int length = 1; length < last.length; length++) {
        Files.write(file, whole);
        Files.write(file, Arrays.copyOf(last, length), StandardOpenOption.APPEND);
        try (RunJournal journal = RunJournal.resume(file, SETTINGS)) {
          assertThat(journal.removed()).isEqualTo(length);
          assertThat(journal.earlier().dispatched()).isEqualTo(1);
          assertThat(journal.earlier().groups().getFirst().rollout(0))
              .isEqualTo(JournaledRollout.NOTHING);
          journal.append(dispatched(1));
        }
        assertThat(read().dispatched()).isEqualTo(2);
      }
    }
  }

  @Test
  void damageBeforeTheLastRecordIsNamedByItsLine() throws IOException {
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(0));
      journal.append(dispatched(1));
    }
    List<String> lines = Files.readAllLines(file);
    Files.write(file, List.of(lines.get(0), lines.get(1).replace("abc", "abd"), lines.get(2)));

    assertThatThrownBy(this::read)
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith("%s: line 2 is not as it was written", file);
  }

  @Test
  void recordsOutOfOrderAreNamedByTheirLine() {
    try (RunJournal journal = RunJournal.begin(file, SETTINGS)) {
      journal.append(dispatched(0));
      journal.append(sampled(0, 0, 1, "", 4));
    }

    assertThatThrownBy(this::read)
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith("%s: line 3 does not follow from those before it: ", file)
        .hasMessageContaining("tokens of turn 1 of a rollout of group 0 after 0 turns");
  }

  @Test
  void theJournalOfARunWithOtherSettingsIsRefusedByTheNameOfTheSetting() {
    RunJournal.begin(file, SETTINGS).close();

    assertThatThrownBy(() -> RunJournal.resume(file, Map.of("run.seed", "2")))
        .isInstanceOf(BatchException.class)
        .hasMessageStartingWith("%s: run.seed is 2, but the run began with 1: ", file);
  }

  @Test
  void aRunWithoutAJournalIsNotResumedAndOneWithAJournalIsNotBegunAgain() throws IOException {
    assertThatThrownBy(() -> RunJournal.resume(file, SETTINGS))
        .isInstanceOf(BatchException.class)
        .hasMessage("%s: not found: the run has no journal, so it cannot be resumed", file);

    RunJournal.begin(file, SETTINGS).close();
    assertThatThrownBy(() -> RunJournal.begin(file, SETTINGS))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("resume that run with --resume");

    Files.writeString(file, "");
    assertThatThrownBy(() -> RunJournal.resume(file, SETTINGS))
        .isInstanceOf(BatchException.class)
        .hasMessageContaining("line 1 is not as it was written");
  }

  @Test
  void compactionKeepsWhatIsNeededAndBoundsTheFile() throws IOException {
    RunJournal.begin(file, SETTINGS).close();
    long most = 0;
    try (RunJournal journal = RunJournal.resume(file, SETTINGS, 4096)) {
      journal.append(dispatched(0));
      journal.append(new Observed(0, 0, 0, new int[] {5}));
      for (int step = 1; step <= 100; step++) {
        journal.append(dispatched(step));
        journal.append(new Observed(step, 0, 0, new int[] {1, 2, 3}));
        journal.append(new Taken(step, 0, List.of((long) step)));
        journal.append(handed(step, step + 1, List.of((long) step)));
        journal.compactIfDue();
        most = Math.max(most, Files.size(file));
      }
      for (int attempt = 0; attempt < 100; attempt++) {
        journal.append(new Observed(0, 0, 0, new int[] {5}));
      }
      journal.compactIfDue();
      journal.append(sampled(0, 0, 0, "", 6));
      journal.force();
    }

    JournaledRun run = read();

    assertThat(most).isLessThan(4096 + 1024);
    assertThat(run.settings()).isEqualTo(SETTINGS);
    assertThat(run.groups()).extracting(g -> g.dispatch().group()).containsExactly(0L);
    assertThat(run.groups().getFirst().rollout(0).trajectory().tokenIds()).containsExactly(5, 6);
    assertThat(run.dispatched()).isEqualTo(101);
    assertThat(run.handed().step()).isEqualTo(100);
    assertThat(run.handed()).isEqualTo(handed(100, 101, List.of()));
    assertThat(run.taken()).isEmpty();
  }

  @Test
  void aFullDiskIsNamedAndTheRecordsBeforeItRemain() throws Exception {
    Path mount = Files.createDirectory(dir.resolve("disk"));
    assumeTrue(
        Files.isExecutable(Path.of("/bin/mount"))
            && ran("/bin/mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount.toString()),
        "cannot mount a small file system here");
    try {
      Path small = mount.resolve("journal.jsonl");
      try (RunJournal journal = RunJournal.begin(small, SETTINGS)) {
        journal.append(dispatched(0));
        assertThatThrownBy(() -> journal.append(new Observed(0, 0, 0, new int[100_000])))
            .isInstanceOf(BatchException.class)
            .hasMessage("%s: cannot be written: No space left on device", small);
        assertThatThrownBy(() -> journal.append(dispatched(1)))
            .isInstanceOf(BatchException.class)
            .hasMessage("%s: cannot be written: No space left on device", small);
      }
      try (RunJournal journal = RunJournal.resume(small, SETTINGS)) {
        assertThat(journal.removed()).isPositive();
        assertThat(journal.earlier().dispatched()).isEqualTo(1);
      }
    } finally {
      assertThat(ran("/bin/umount", mount.toString())).isTrue();
    }
  }

  private static boolean ran(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  private static Handed handed(long step, long dispatched, List<Long> ended) {
    Levels levels =
        new Levels(List.of(dispatched, 0L), List.of(1 / 3.0 / step, -Math.PI), List.of(1e-17, 0.5));
    return new Handed(step, dispatched, step, 2, 1, ended, Map.of("arithmetic", levels));
  }

  private static Dispatched dispatched(long group) {
    return new Dispatched(group, 0, "reverse-text", group, "abc");
  }

  private static Sampled sampled(int group, int rollout, int turn, String finish, int... ids) {
    float[] logprobs = new float[ids.length];
    Arrays.fill(logprobs, -0.5f);
    return new Sampled(group, rollout, turn, ids, logprobs, new int[ids.length], false, finish);
  }

  private JournaledRun read() {
    try (RunJournal journal = RunJournal.resume(file, SETTINGS)) {
      return journal.earlier();
    }
  }
}
