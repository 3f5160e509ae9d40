package dev.sluice.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A mapping of a YAML file, read key by key. What does not fit is noted as a fault, and a harmless value stands in for it.
final class YamlMap {
  private final String path;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Set<String> asked = new HashSet<>();
  private final List<String> faults;

  YamlMap(String path, Object tree, List<String> faults) {
    this.path = path;
    this.faults = faults;
    if (tree instanceof Map<?, ?> map) map.forEach((key, value) -> values.put(String.valueOf(key), value));
    else if (tree != null)
      faults.add(
          (path.isEmpty() ? "the file" : path) + ": expected keys with values; given " + (tree instanceof List ? "a list" : "a value"));
  }

  Set<String> keys() { return values.keySet(); }

  boolean has(String key) { return values.get(key) != null; }

  String name(String key) { return path.isEmpty() ? key : path + "." + key; }

  void ignore(String... keys) { asked.addAll(List.of(keys)); }

  /// A text that must be there.
  String text(String key) { return text(key, null); }

  /// @param absent what stands for no text; null where there must be one
  String text(String key, String absent) {
    Object value = ask(key, absent == null);
    if (value == null) return absent == null ? "" : absent;
    if (value instanceof String text && !text.isBlank()) return text;
    if (value instanceof Number || value instanceof Boolean) faults.add(name(key) + ": a text; put " + value + " in quotes");
    else
      faults.add(name(key) + ": a text that is not empty; given " + shown(value));
    return "";
  }

  /// A secret of visible ASCII characters: others do not go into a header of HTTP. Its fault does not show it.
  ///
  /// @param absent what stands for no text; null where there must be one
  String secret(String key, String absent) {
    Object value = ask(key, absent == null);
    if (value == null) return absent == null ? "" : absent;
    if (value instanceof String text && text.matches("[\\x21-\\x7e]+")) return text;
    faults.add(name(key)
        + ": a text of visible ASCII characters without blanks, in quotes where it looks like something else; what is given is not shown");
    return "";
  }

  boolean flag(String key, boolean absent) {
    Object value = ask(key, false);
    if (value == null) return absent;
    if (value instanceof Boolean flag) return flag;
    faults.add(name(key) + ": true or false; given " + shown(value));
    return absent;
  }

  long integer(String key, long absent, long least, long most) {
    Object value = ask(key, false);
    if (value == null) return absent;
    if (value instanceof Integer || value instanceof Long) {
      long number = ((Number) value).longValue();
      if (number >= least && number <= most) return number;
    }
    faults.add(name(key) + ": a whole number from " + least + " to " + most + "; given " + shown(value));
    return absent;
  }

  Duration seconds(String key, int absent, int least, int most) { return Duration.ofSeconds(integer(key, absent, least, most)); }

  /// A command: its words, none interpreted by a shell. Absent is empty.
  List<String> words(String key) {
    Object value = ask(key, false);
    if (value == null) return List.of();
    List<String> words = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object word : list)
        if (word instanceof String text) words.add(text);
      if (words.size() == list.size() && !words.contains("")) return words;
    }
    faults.add(name(key) + ": a list of words, like [systemctl, reload, nginx]; given " + shown(value));
    return List.of();
  }

  YamlMap map(String key, boolean optional) { return new YamlMap(name(key), ask(key, !optional), faults); }

  /// Notes the keys that nobody asked for.
  void nothingElse() {
    for (String key : values.keySet())
      if (!asked.contains(key)) faults.add(name(key) + ": unknown; known are " + asked.stream().sorted().toList());
  }

  private Object ask(String key, boolean needed) {
    asked.add(key);
    Object value = values.get(key);
    if (value == null && needed) faults.add(name(key) + ": missing");
    return value;
  }

  private static String shown(Object value) { return value instanceof String ? "\"" + value + "\"" : String.valueOf(value); }
}
