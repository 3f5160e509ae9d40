package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sluice.chassis.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/// A genuine history that `HistoriesTest` has recorded, answered as the public calls answered it; it may be doctored before it is read.
public final class Recorded implements Function<String, JsonNode> {
  /// Edited, paused, tripped, retried, tripped again, rolled back.
  public static final String THERE_AND_BACK = "there-and-back";
  /// An absent machine failed, another was under way at an abort.
  public static final String ABSENT = "absent";
  private static final int MOST = 1000;
  final ObjectNode document;
  final List<ObjectNode> events = new ArrayList<>();
  private final int page;

  private Recorded(ObjectNode document, int page) {
    this.document = document;
    this.page = page;
    document.path("events").forEach(e -> events.add((ObjectNode) e));
  }

  public static Recorded of(String name) { return inPages(name, MOST); }

  /// @param page items in an answer at most, whatever is asked for
  static Recorded inPages(String name, int page) {
    try (var in = Recorded.class.getResourceAsStream(name + ".json")) {
      return new Recorded((ObjectNode) Json.mapper().readTree(in), page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  History history() { return new Reading(this, _ -> {}, Duration.ZERO).of(rollout().path("id").asText()); }

  public ObjectNode rollout() { return (ObjectNode) document.path("rollout"); }

  /// A row of the decision record.
  public ObjectNode decision(int place) { return (ObjectNode) document.path("record").path("decisions").path(place); }

  ObjectNode plan() { return (ObjectNode) document.path("plan"); }

  /// A request by the end of its id.
  ObjectNode request(String ending) { return one("approval_requests", r -> r.path("id").asText().endsWith(ending)); }

  ObjectNode member(Predicate<JsonNode> which) { return one("instances", which); }

  ArrayNode list(String name) { return (ArrayNode) document.path(name); }

  private ObjectNode one(String list, Predicate<JsonNode> which) {
    return (ObjectNode) StreamSupport.stream(list(list).spliterator(), false).filter(which).findFirst().orElseThrow();
  }

  /// The place of the first event of a kind from a place on.
  int find(int from, String kind, Predicate<JsonNode> which) {
    for (int i = from; i < events.size(); i++)
      if (kind(i).equals(kind) && which.test(events.get(i))) return i;
    throw new AssertionError("no " + kind + " from " + from);
  }

  public int find(int from, String kind) { return find(from, kind, _ -> true); }

  String kind(int place) { return events.get(place).path("kind").asText().replace("module.upgrade.", ""); }

  /// Lets an event come at another place.
  void move(int from, int to) {
    events.add(to, events.remove(from));
    number();
  }

  public void repeat(int place) {
    events.add(place + 1, events.get(place).deepCopy());
    number();
  }

  void drop(int place) {
    events.remove(place);
    number();
  }

  /// Numbers the events anew, so that nothing but what was doctored gives it away.
  private void number() {
    for (int i = 0; i < events.size(); i++)
      events.get(i).put("id", Integer.toString(i + 1)).put("stream_seq", i + 1);
    rollout().put("as_of_seq", events.size());
  }

  @Override
  public JsonNode apply(String text) {
    var uri = URI.create(text);
    var query = query(uri);
    var path = uri.getPath();
    var answer = switch (path) {
      case "/v1/events" -> events(query);
      case "/v1/approval-requests" -> paged("approval_requests", list("approval_requests"), query);
      case String decisions when decisions.endsWith("/decisions") -> document.path("record");
      case "/v1/rollouts" -> paged("rollouts", list("rollouts"), query);
      default -> path.endsWith("/instances")
          ? paged("instances", list("instances"), query)
          : path.startsWith("/v1/plans/") ? plan(query) : rollout();
    };
    return answer.deepCopy();
  }

  private static Map<String, String> query(URI uri) {
    if (uri.getQuery() == null) return Map.of();
    return Arrays.stream(uri.getQuery().split("&")).map(p -> p.split("=", 2)).collect(Collectors.toMap(p -> p[0], p -> p[1]));
  }

  private JsonNode events(Map<String, String> query) {
    int asked = Integer.parseInt(query.get("limit"));
    int limit = asked == MOST ? page : asked;
    var found = query.containsKey("after")
        ? events.stream().filter(e -> id(e) > Long.parseLong(query.get("after"))).limit(limit).toList()
        : events.reversed().stream().limit(limit).toList();
    var answer = Json.mapper().createObjectNode();
    answer.putArray("events").addAll(found);
    return answer;
  }

  private static long id(JsonNode event) { return Long.parseLong(event.path("id").asText()); }

  private JsonNode paged(String name, JsonNode all, Map<String, String> query) {
    int from = Integer.parseInt(query.getOrDefault("cursor", "0"));
    int to = Math.min(all.size(), from + Math.min(page, Integer.parseInt(query.get("limit"))));
    var answer = Json.mapper().createObjectNode();
    var items = answer.putArray(name);
    for (int i = from; i < to; i++)
      items.add(all.get(i));
    return answer.put("next_cursor", to < all.size() ? Integer.toString(to) : null);
  }

  /// Where it is asked for in pages, the plan counts its members as that of a large fleet does.
  private JsonNode plan(Map<String, String> query) {
    if (page == MOST) return plan();
    if (query.containsKey("batch_index"))
      return paged("instance_ids", plan().path("batches").path(Integer.parseInt(query.get("batch_index"))).path("instance_ids"), query);
    var large = plan().deepCopy();
    large.path("batches").forEach(b -> ((ObjectNode) b).remove("instance_ids"));
    large
        .setAll((ObjectNode) paged("batches", large.path("batches"), Map.of("limit", "1000", "cursor", query.getOrDefault("cursor", "0"))));
    return large;
  }
}
