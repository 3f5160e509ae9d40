package dev.sluice.chassis;

import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Settings by name, from the environment: each is asked for once, with its default, range and a sentence; [#check] then says all faults at once.
/// What was asked for is also the documentation of the settings.
public final class Settings {
  /// @param range what is legal, for people
  public record Setting(String name, String initial, String range, String doc) {}

  private static final Pattern PLACE = Pattern.compile("([^:\\s\\[\\]]+|\\[[0-9a-fA-F:.]+]):\\d{1,5}");
  private static final int LAST_PORT = 65_535;
  private static final Instant EARLIEST = Instant.parse("2020-01-02T00:00:00Z");
  private final Map<String, String> values;
  private final Map<String, Setting> asked = new LinkedHashMap<>();
  private final List<String> faults = new ArrayList<>();

  public Settings(Map<String, String> values) {
    this.values = Map.copyOf(values);
  }

  public String text(String name, String initial, String doc) {
    asked.put(name, new Setting(name, initial, "text", doc));
    return values.getOrDefault(name, initial);
  }

  /// A text that must be given.
  public String required(String name, String doc) {
    asked.put(name, new Setting(name, "(required)", "text", doc));
    var given = values.get(name);
    if (given == null || given.isBlank()) faults.add(name + " must be set: " + doc);
    return given;
  }

  public int number(String name, int initial, int min, int max, String doc) {
    asked.put(name, new Setting(name, Integer.toString(initial), min + " to " + max, doc));
    var given = values.get(name);
    if (given == null) return initial;
    try {
      int value = Integer.parseInt(given.strip());
      if (value >= min && value <= max) return value;
    } catch (NumberFormatException e) {
      // said below, with the range
    }
    faults.add(name + " must be a whole number from " + min + " to " + max + ", not " + given);
    return initial;
  }

  /// A time that is over, since 2020; null where none is set.
  public Instant past(String name, String doc) {
    asked.put(name, new Setting(name, "", "a time such as 2026-11-26T13:00:00Z", doc));
    var given = values.get(name);
    if (given == null || given.isBlank()) return null;
    try {
      var time = Instant.parse(given.strip());
      if (time.isAfter(EARLIEST) && time.isBefore(InstantSource.system().instant())) return time;
    } catch (DateTimeParseException e) {
      // said below, with the range
    }
    faults.add(name + " must be a time of the past, since 2020, such as 2026-11-26T13:00:00Z, not " + given);
    return null;
  }

  public Path path(String name, Path initial, String doc) {
    asked.put(name, new Setting(name, String.valueOf(initial), "a folder or file", doc));
    return values.containsKey(name) ? Path.of(values.get(name)) : initial;
  }

  /// Addresses of a service's replicas, each `http://host:port`; without a port 80.
  public List<URI> addresses(String name, String initial, String doc) {
    return listed(name, initial, doc).stream().flatMap(one -> address(name, one).stream()).toList();
  }

  /// Places in a network, each `host:port`.
  public List<String> places(String name, String initial, String doc) {
    var places = listed(name, initial, doc);
    places.stream().filter(one -> !PLACE.matcher(one).matches() || Integer.parseInt(one.substring(one.lastIndexOf(':') + 1)) > LAST_PORT)
        .forEach(one -> faults.add(name + " must be host:port[,host:port], not " + one));
    return places;
  }

  private List<String> listed(String name, String initial, String doc) {
    return Arrays.stream(text(name, initial, doc).split(",")).map(String::strip).filter(one -> !one.isEmpty()).toList();
  }

  private Optional<URI> address(String name, String given) {
    try {
      var address = URI.create(given.replaceFirst("/+$", ""));
      if ("http".equals(address.getScheme()) && address.getHost() != null)
        return Optional.of(address.getPort() > 0 ? address : URI.create(address + ":80"));
    } catch (IllegalArgumentException e) {
      // said below, with the form
    }
    faults.add(name + " must be http://host:port[,http://host:port], not " + given);
    return Optional.empty();
  }

  /// @throws IllegalArgumentException naming every fault
  public void check() {
    if (!faults.isEmpty()) throw new IllegalArgumentException(String.join("\n", faults));
  }

  public List<Setting> asked() { return List.copyOf(asked.values()); }
}
