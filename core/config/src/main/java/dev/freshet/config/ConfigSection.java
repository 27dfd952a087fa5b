package dev.freshet.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys of one section, as the reference of the configuration lists them.
 *
 * @param name dotted, as in the TOML file
 * @param doc what it configures; may be empty
 */
public record ConfigSection(String name, String doc, List<Entry> entries) {
  /**
   * One key.
   *
   * @param def the default as TOML
   */
  public record Entry(String name, String def, String doc) {}

  public ConfigSection {
    entries = List.copyOf(entries);
  }

  /** The sections of a configuration in the order of its components. */
  public static List<ConfigSection> of(Class<? extends Record> root) {
    List<ConfigSection> sections = new ArrayList<>();
    collect("", root, sections);
    return List.copyOf(sections);
  }

  private static void collect(String name, Class<?> record, List<ConfigSection> sections) {
    List<Entry> entries = entries(record);
    if (!entries.isEmpty()) {
      String doc =
          Optional.ofNullable(record.getAnnotation(Section.class)).map(Section::value).orElse("");
      sections.add(new ConfigSection(name, doc, entries));
    }
    collectParts(name, record, sections);
  }

  /** The sections within a section. */
  private static void collectParts(String name, Class<?> record, List<ConfigSection> sections) {
    for (RecordComponent component : record.getRecordComponents()) {
      if (RecordKeys.isInline(component)) {
        collectParts(name, component.getType(), sections);
      } else if (component.getType().isRecord()) {
        String prefix = name.isEmpty() ? "" : name + ".";
        collect(prefix + RecordKeys.name(component), component.getType(), sections);
      }
    }
  }

  private static List<Entry> entries(Class<?> record) {
    List<Entry> entries = new ArrayList<>();
    for (RecordComponent component : record.getRecordComponents()) {
      if (RecordKeys.isInline(component)) {
        entries.addAll(entries(component.getType()));
      } else if (!component.getType().isRecord()) {
        Key key = RecordKeys.key(component);
        String name = RecordKeys.name(component);
        boolean verbatim = component.getType().isPrimitive();
        String def = verbatim ? key.def() : RecordKeys.defaults(record).path(name).toString();
        entries.add(new Entry(name, def, key.doc()));
      }
    }
    return entries;
  }
}
