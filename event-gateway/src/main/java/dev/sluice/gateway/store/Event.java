package dev.sluice.gateway.store;

import java.util.List;

/// An event as it is served.
///
/// @param id        its place in the log: the cursor
/// @param rolloutId null where it is about no rollout
/// @param json      the whole of it in the words of the wire
public record Event(long id, String kind, String rolloutId, String json) {
  /// Which events a reader wants.
  ///
  /// @param kindPrefix how the kind begins; null: any
  /// @param rolloutId  null: any
  public record Filter(String kindPrefix, String rolloutId) {
    public static final Filter ALL = new Filter(null, null);

    public boolean takes(Event event) {
      return (kindPrefix == null || event.kind().startsWith(kindPrefix)) && (rolloutId == null || rolloutId.equals(event.rolloutId()));
    }
  }

  /// Events with a cursor behind them, as REST and the socket show them.
  ///
  /// @param cursorName what the cursor is called there
  public static String page(List<Event> events, String cursorName, long cursor) {
    var text = new StringBuilder(64 + events.stream().mapToInt(e -> e.json().length() + 1).sum()).append("{\"events\":[");
    for (int i = 0; i < events.size(); i++)
      text.append(i == 0 ? "" : ",").append(events.get(i).json());
    return text.append("],\"").append(cursorName).append("\":\"").append(cursor).append("\"}").toString();
  }
}
