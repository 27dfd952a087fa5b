package dev.freshet.environments;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tasks of a file are drawn in epochs, and one that cannot be used is refused. */
class TaskFileTest {
  @TempDir private Path dir;

  private TaskFile open(String content, long seed) throws IOException {
    Path file = Files.writeString(dir.resolve("tasks.jsonl"), content);
    return new TaskFile("environment.x.tasks", file.toString(), seed);
  }

  private static List<String> texts(TaskFile tasks, int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> tasks.problem(Split.TRAIN, i).text()).toList();
  }

  @Test
  void everyEpochHasEveryTaskOnceInAnOrderOfItsOwn() throws IOException {
    String lines =
        IntStream.range(0, 40)
            .mapToObj(i -> "{\"task\":%d}\n\n".formatted(i))
            .collect(Collectors.joining());
    TaskFile tasks = open(lines, 3);
    int size = new HashSet<>(texts(tasks, 0, 1000)).size();

    List<String> first = texts(tasks, 0, size);
    List<String> second = texts(open(lines, 3), size, 2 * size);

    assertThat(first).doesNotHaveDuplicates();
    assertThat(second).isNotEqualTo(first).containsExactlyInAnyOrderElementsOf(first);
    assertThat(texts(open(lines, 4), 0, size)).isNotEqualTo(first);
    assertThat(IntStream.range(0, 40 - size).mapToObj(i -> tasks.problem(Split.HELD_OUT, i).text()))
        .doesNotHaveDuplicates()
        .doesNotContainAnyElementsOf(first);
  }

  @Test
  void aFileThatCannotBeUsedIsRefusedWithItsKeyAndLine() {
    assertThatThrownBy(() -> open("{\"a\": 1}\n{\"a\": \n", 1))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContainingAll("environment.x.tasks", "line 2: expected a JSON value");
    assertThatThrownBy(() -> open("{\"a\": 1}\n", 1)).hasMessageContaining("add tasks");
    assertThatThrownBy(() -> new TaskFile("environment.x.tasks", "", 1))
        .hasMessageContaining("set it");
    assertThatThrownBy(() -> new TaskFile("environment.x.tasks", dir.resolve("none").toString(), 1))
        .hasMessageContaining("cannot be read");
  }
}
