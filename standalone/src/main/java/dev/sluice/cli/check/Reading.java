package dev.sluice.cli.check;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Fetches the history of a rollout, page by page. Blocks.
///
/// 1. The view, the members and the requests, until the view is the same before and behind: then they are of one moment. A trip's question may be a moment
///    behind.
/// 2. The events up to where the view stands; the gateway may be a moment behind.
/// 3. The plan and the other rollouts of the pair.
/// 4. Some of the events once more, at cursors in between, and the newest without a cursor.
public final class Reading {
  private static final int PAGE = 1000;
  static final int AGAIN = 100;
  private static final int CURSORS = 8;
  private static final int TOLD = 20_000;
  private static final int SNAPSHOTS = 5;
  private static final Duration PAUSE = Duration.ofMillis(200);
  private final Function<String, JsonNode> get;
  private final Consumer<String> progress;
  private final int tries;
  private final Texts texts = new Texts();

  /// @param get      answers a path with its query
  /// @param progress is told what has been read, now and then
  /// @param patience how long one part may be behind another
  public Reading(Function<String, JsonNode> get, Consumer<String> progress, Duration patience) {
    this.get = get;
    this.progress = progress;
    this.tries = 1 + (int) patience.dividedBy(PAUSE);
  }

  /// @param id of the rollout
  public History of(String id) {
    var path = "/v1/rollouts/" + Pages.part(id);
    var rollout = get.apply(path);
    var members = members(path);
    var requests = requests(id, rollout);
    boolean settled = same(rollout, get.apply(path));
    for (int i = 1; i < SNAPSHOTS && !settled; i++) {
      pause();
      rollout = get.apply(path);
      members = members(path);
      requests = requests(id, rollout);
      settled = same(rollout, get.apply(path));
    }
    var events = events(id, rollout.path("as_of_seq").asLong());
    return new History(plan(id, rollout.path("revision").asInt()), rollout, members, settled, events, requests, rollouts(rollout),
        again(id, events));
  }

  private static boolean same(JsonNode one, JsonNode other) {
    return one.path("as_of_seq").equals(other.path("as_of_seq")) && one.path("counts").equals(other.path("counts"))
        && one.path("state").equals(other.path("state"));
  }

  private List<Member> members(String path) {
    var members = new ArrayList<Member>();
    pages(path + "/instances", "instances", page -> {
      page.forEach(m -> members.add(Member.of(m, texts)));
      told(members.size(), page.size(), "members");
    });
    return members;
  }

  private List<Event> events(String id, long upTo) {
    var events = new ArrayList<Event>();
    long cursor = 0;
    long seq = 0;
    for (int behind = 0; seq < upTo && behind < tries;) {
      var page = eventsAfter(id, cursor, PAGE);
      if (page.isEmpty()) {
        behind++;
        pause();
        continue;
      }
      for (var json : page) {
        var event = Event.of(json, texts);
        cursor = event.id();
        if (event.seq() > upTo) return events;
        events.add(event);
        seq = Math.max(seq, event.seq());
      }
      told(events.size(), page.size(), "events");
    }
    return events;
  }

  private JsonNode eventsAfter(String id, long cursor, int limit) {
    return get.apply("/v1/events?rollout_id=" + Pages.part(id) + "&after=" + cursor + "&limit=" + limit).path("events");
  }

  private List<History.Again> again(String id, List<Event> events) {
    if (events.isEmpty()) return List.of();
    long last = events.getLast().id();
    var again = new ArrayList<History.Again>();
    IntStream.range(0, CURSORS).map(i -> (int) ((long) i * events.size() / CURSORS)).distinct().mapToLong(i -> events.get(i).id())
        .forEach(after -> again.add(new History.Again(after, ids(eventsAfter(id, after, AGAIN)).filter(n -> n <= last).boxed().toList())));
    var newest = ids(get.apply("/v1/events?rollout_id=" + Pages.part(id) + "&limit=" + PAGE).path("events"));
    again.add(new History.Again(-1, newest.filter(n -> n <= last).boxed().toList()));
    return again;
  }

  private static LongStream ids(JsonNode events) {
    var ids = LongStream.builder();
    events.forEach(e -> ids.add(Long.parseLong(e.path("id").asText())));
    return ids.build();
  }

  private Plan plan(String id, int revision) {
    var path = "/v1/plans/" + Pages.part(id) + "?revision=" + revision;
    JsonNode first = null;
    var batches = new ArrayList<List<String>>();
    for (var page : Pages.of(get, path)) {
      for (var batch : page.path("batches"))
        batches.add(batch.has("instance_ids") ? texts(batch.path("instance_ids")) : batch(path, batch.path("index").asInt()));
      if (first == null) first = page;
    }
    ((ObjectNode) first).remove("batches");
    return Plan.of(first, batches);
  }

  private List<String> batch(String path, int index) {
    var instances = new ArrayList<String>();
    pages(path + "&batch_index=" + index, "instance_ids", page -> instances.addAll(texts(page)));
    return instances;
  }

  private List<JsonNode> requests(String id, JsonNode rollout) {
    int trips = rollout.path("circuit_breaker").path("trips").asInt();
    var requests = new ArrayList<JsonNode>();
    for (int i = 0; i < tries; i++) {
      requests.clear();
      pages("/v1/approval-requests?rollout_id=" + Pages.part(id), "approval_requests", page -> page.forEach(requests::add));
      if (requests.stream().filter(r -> r.hasNonNull("trip")).count() >= trips) return requests;
      pause();
    }
    return requests;
  }

  private List<JsonNode> rollouts(JsonNode rollout) {
    var rollouts = new ArrayList<JsonNode>();
    pages("/v1/rollouts?template_id=" + Pages.part(rollout.path("template_id").asText()) + "&module_id="
        + Pages.part(rollout.path("module_id").asText()), "rollouts",
        page -> page.forEach(r -> rollouts.add(((ObjectNode) r).retain("id", "state", "created_at", "ended_at"))));
    return rollouts;
  }

  private void pages(String path, String items, Consumer<JsonNode> each) {
    var query = path + (path.contains("?") ? "&" : "?") + "limit=" + PAGE;
    for (var page : Pages.of(get, query))
      each.accept(page.path(items));
  }

  private List<String> texts(JsonNode array) {
    var all = new ArrayList<String>(array.size());
    array.forEach(text -> all.add(texts.one(text.asText())));
    return all;
  }

  private void told(int size, int more, String what) {
    if (size / TOLD > (size - more) / TOLD) progress.accept("read " + size + " " + what);
  }

  private static void pause() { LockSupport.parkNanos(PAUSE.toNanos()); }
}
