package dev.freshet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The links of the documents to each other, their headings and other files of the repository. */
class DocumentLinksTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern FENCED = Pattern.compile("(?ms)^ *```.*?^ *```");
  private static final Pattern CODE = Pattern.compile("`[^`\n]*`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)[^)]*\\)");
  private static final Pattern EXTERNAL = Pattern.compile("[a-z][a-z0-9+.-]*:.*");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} (.+)$");
  private static final Pattern LINKED_TEXT = Pattern.compile("\\[([^\\]]*)\\]\\([^)]*\\)");

  @TempDir Path dir;

  @Test
  void everyRelativeLinkAndAnchorOfTheDocumentsResolves() throws IOException {
    List<Path> pages = new ArrayList<>();
    pages.add(ROOT.resolve("README.md"));
    pages.add(ROOT.resolve("CONTRIBUTING.md"));
    pages.addAll(pagesBelow("docs"));
    pages.addAll(pagesBelow("examples"));
    List<String> dead = new ArrayList<>();
    int links = 0;
    for (Path page : pages) {
      for (String link : relativeLinks(page)) {
        links++;
        fault(page, link).ifPresent(dead::add);
      }
    }

    assertThat(links).as("relative links found").isGreaterThan(100);
    assertThat(dead).isEmpty();
  }

  @Test
  void aDeadLinkAndADeadAnchorAreFound() throws IOException {
    Path page = Files.writeString(dir.resolve("a.md"), "# One\n\n## The `b` of [c](c.md)\n");

    assertThat(fault(page, "#the-b-of-c")).isEmpty();
    assertThat(fault(page, "a.md#one")).isEmpty();
    assertThat(fault(page, "#two").orElseThrow()).contains("no heading");
    assertThat(fault(page, "b.md").orElseThrow()).contains("no file");
  }

  private static List<Path> pagesBelow(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
      return files.filter(file -> file.toString().endsWith(".md")).sorted().toList();
    }
  }

  private static List<String> relativeLinks(Path page) throws IOException {
    String prose = CODE.matcher(withoutBlocks(page)).replaceAll("");
    return LINK.matcher(prose)
        .results()
        .map(result -> result.group(1))
        .filter(target -> !EXTERNAL.matcher(target).matches())
        .toList();
  }

  private static String withoutBlocks(Path page) throws IOException {
    return FENCED.matcher(Files.readString(page)).replaceAll("");
  }

  /** What is wrong with a link of {@code page}. */
  private static Optional<String> fault(Path page, String link) throws IOException {
    int hash = link.indexOf('#');
    String file = hash < 0 ? link : link.substring(0, hash);
    Path target = file.isEmpty() ? page : page.resolveSibling(file);
    if (!Files.exists(target)) {
      return Optional.of("%s: (%s): no file %s".formatted(page, link, target.normalize()));
    }
    boolean found = hash < 0 || anchors(target).contains(link.substring(hash + 1));
    return found ? Optional.empty() : Optional.of("%s: (%s): no heading".formatted(page, link));
  }

  /** The anchors that GitHub gives the headings of a page. */
  private static Set<String> anchors(Path page) throws IOException {
    Set<String> anchors = new HashSet<>();
    Matcher headings = HEADING.matcher(withoutBlocks(page));
    while (headings.find()) {
      String heading = LINKED_TEXT.matcher(headings.group(1).strip()).replaceAll("$1");
      String anchor =
          heading.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}_\\- ]", "").replace(' ', '-');
      String numbered = anchor;
      for (int n = 1; !anchors.add(numbered); n++) {
        numbered = anchor + "-" + n;
      }
    }
    return anchors;
  }
}
