package dev.sluice.chassis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The kinds of a topic's facts: each record of its sealed roots by its name in snake_case (`BatchStarted` is `batch_started`).
public final class Kinds {
  private final Map<String, Class<?>> classes = new LinkedHashMap<>();

  /// @param roots sealed interfaces whose permitted classes are the facts
  public Kinds(Class<?>... roots) {
    for (var root : roots)
      for (var kind : leaves(root))
        if (classes.put(name(kind), kind) != null) throw new IllegalArgumentException("two kinds are called " + name(kind));
  }

  /// The record of a kind.
  ///
  /// @throws IllegalArgumentException if the kind is unknown
  public Class<?> type(String kind) {
    var type = classes.get(kind);
    if (type == null) throw new IllegalArgumentException("unknown kind " + kind);
    return type;
  }

  /// A fact from its kind and its JSON.
  ///
  /// @throws IllegalArgumentException if the kind is unknown or the JSON does not fit it
  public Object read(String kind, String data) { return Json.read(data, type(kind)); }

  public List<String> names() { return List.copyOf(classes.keySet()); }

  public static String name(Class<?> type) {
    return type.getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(java.util.Locale.ROOT);
  }

  private static List<Class<?>> leaves(Class<?> root) {
    if (!root.isSealed()) return List.of(root);
    var all = new ArrayList<Class<?>>();
    for (var sub : root.getPermittedSubclasses())
      all.addAll(leaves(sub));
    return all;
  }
}
