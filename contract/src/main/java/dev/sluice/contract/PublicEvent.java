package dev.sluice.contract;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// An event as people and programs are shown it; `behaviour.md`, Events.
///
/// @param kind     for example `module.upgrade.started`
/// @param severity `info`, `warning` or `critical`
/// @param fields   the kind's own, in the words of the wire; values are strings, numbers, booleans, lists of strings, or null
public record PublicEvent(String kind, String severity, Map<String, Object> fields) {
  public PublicEvent {
    fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
  }

  static PublicEvent info(String kind, Object... fields) { return of(kind, "info", fields); }

  static PublicEvent warning(String kind, Object... fields) { return of(kind, "warning", fields); }

  static PublicEvent critical(String kind, Object... fields) { return of(kind, "critical", fields); }

  static PublicEvent of(String kind, String severity, Object... fields) {
    var map = new LinkedHashMap<String, Object>();
    for (int i = 0; i < fields.length; i += 2)
      map.put((String) fields[i], fields[i + 1]);
    return new PublicEvent(kind, severity, map);
  }
}
