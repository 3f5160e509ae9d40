package dev.sluice.chassis;

import dev.sluice.contract.Digest;
import dev.sluice.contract.Id;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Records with every part filled, the same at each run.
final class Samples {
  private Samples() {}

  /// @param name   what texts and ids say
  /// @param choice which constant of each enum, and `true` or `false`: 0 is the first and `true`
  static Object of(Type type, String name, int choice) {
    if (type instanceof ParameterizedType p && p.getRawType() == Map.class)
      return new LinkedHashMap<>(Map.of(name, of(p.getActualTypeArguments()[1], name, choice)));
    if (type instanceof ParameterizedType list) return new ArrayList<>(List.of(of(list.getActualTypeArguments()[0], name, choice)));
    var raw = (Class<?>) type;
    if (raw == int.class || raw == Integer.class) return 7;
    if (raw == long.class || raw == Long.class) return 42L;
    if (raw == double.class) return 1.5;
    if (raw == boolean.class) return choice % 2 == 0;
    if (raw == String.class || raw == Object.class) return name;
    if (raw == Instant.class) return Instant.parse("2026-11-23T12:00:00.123456Z");
    if (raw == Digest.class) return new Digest("sha256:" + "ab".repeat(32));
    if (raw.isEnum()) return raw.getEnumConstants()[choice % raw.getEnumConstants().length];
    try {
      if (Id.class.isAssignableFrom(raw)) return raw.getConstructor(String.class).newInstance(name);
      var parts = new ArrayList<Object>();
      for (RecordComponent c : raw.getRecordComponents())
        parts.add(of(c.getGenericType(), c.getName(), choice));
      var constructor = raw
          .getDeclaredConstructor(Stream.of(raw.getRecordComponents()).map(RecordComponent::getType).toArray(Class[]::new));
      return constructor.newInstance(parts.toArray());
    } catch (ReflectiveOperationException e) {
      throw new AssertionError("no sample of " + type, e);
    }
  }
}
