package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;

/// The pages of a list, each fetched when it is come to.
public final class Pages {
  private Pages() {}

  /// @param get  answers a path with its query
  /// @param path with a query
  public static Iterable<JsonNode> of(Function<String, JsonNode> get, String path) {
    return () -> Stream.iterate(get.apply(path), Objects::nonNull, page -> behind(page, get, path)).iterator();
  }

  private static JsonNode behind(JsonNode page, Function<String, JsonNode> get, String path) {
    return page.hasNonNull("next_cursor") ? get.apply(path + "&cursor=" + part(page.get("next_cursor").asText())) : null;
  }

  /// A text as a part of an address.
  static String part(String text) {
    return URLEncoder.encode(Objects.requireNonNull(text), StandardCharsets.UTF_8).replace("+", "%20");
  }
}
