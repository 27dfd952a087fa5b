package dev.freshet.fleet;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Where a replica's host sees the directories of this host: {@code +HERE:THERE}, any number of
 * them, at the end of the text that names the replica, such as {@code
 * http://a:8000=vllm+/nfs/runs:/mnt/runs}. Both are absolute. Of several that apply the longest
 * counts; a directory below none has the same path there.
 */
public record PathMap(List<Entry> entries) {
  /** The same paths on both hosts. */
  public static final PathMap NONE = new PathMap(List.of());

  private static final String BEGIN = "+/";

  /**
   * One directory, without a slash at the end; empty for the root.
   *
   * @param here its path on this host
   * @param there its path on the replica's host
   */
  public record Entry(String here, String there) {}

  public PathMap {
    entries = List.copyOf(entries);
  }

  /**
   * The map at the end of the text that names a replica.
   *
   * @throws IllegalArgumentException naming what was found and expected
   */
  public static PathMap of(String text) {
    int begin = text.indexOf(BEGIN);
    if (begin < 0) {
      return NONE;
    }
    List<Entry> entries = new ArrayList<>();
    for (String entry : text.substring(begin + 1).split("\\+(?=/)", -1)) {
      String[] paths = entry.split(":", -1);
      if (paths.length != 2 || !paths[1].startsWith("/")) {
        throw new IllegalArgumentException(
            "path map of '%s': expected +HERE:THERE with two absolute paths, such as +/nfs/runs:/mnt/runs, got '+%s'"
                .formatted(text, entry));
      }
      entries.add(new Entry(withoutSlash(paths[0]), withoutSlash(paths[1])));
    }
    return new PathMap(entries);
  }

  /** The text that names a replica, without the map at its end. */
  public static String cut(String text) {
    int begin = text.indexOf(BEGIN);
    return begin < 0 ? text : text.substring(0, begin);
  }

  private static String withoutSlash(String path) {
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  /** The path of a directory of this host on the replica's host. */
  String there(String here) {
    return longest(here, Entry::here)
        .map(e -> e.there() + here.substring(e.here().length()))
        .orElse(here);
  }

  /** The path of a directory of the replica's host on this host. */
  String here(String there) {
    return longest(there, Entry::there)
        .map(e -> e.here() + there.substring(e.there().length()))
        .orElse(there);
  }

  private Optional<Entry> longest(String path, Function<Entry, String> side) {
    return entries.stream()
        .filter(e -> path.equals(side.apply(e)) || path.startsWith(side.apply(e) + "/"))
        .max(Comparator.comparingInt(e -> side.apply(e).length()));
  }
}
