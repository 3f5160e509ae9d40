package dev.sluice.sandbox;

/// How a topic is made.
///
/// @param partitions 1 or more
public record TopicSpec(int partitions) {
  /// Enough for eight replicas of a service; more cost start time on one machine.
  public static final int PARTITIONS = 8;

  public TopicSpec {
    if (partitions < 1) {
      throw new IllegalArgumentException("a topic has 1 partition or more, not " + partitions);
    }
  }

  /// The usual shape of a topic by its name: 8 partitions, 1 for a `.dead` one.
  public static TopicSpec of(String topic) { return new TopicSpec(topic.endsWith(".dead") ? 1 : PARTITIONS); }
}
