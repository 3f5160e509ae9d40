package dev.sluice.standalone;

import dev.sluice.chassis.Node;
import dev.sluice.chassis.Settings;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// Where a service that runs as a process of its own meets the others' event bus.
///
/// @param here       where the others reach this one
/// @param members    `host:port` of all that may be there
/// @param partitions of what the cluster keeps
record Cluster(Node.Place here, List<String> members, int partitions) {
  /// Where the processes of one machine are found where nothing else is said: the first ten ports that a cluster takes.
  private static final String NEIGHBOURS = IntStream.range(5701, 5711).mapToObj(port -> "127.0.0.1:" + port)
      .collect(Collectors.joining(","));

  static Cluster read(Settings s) {
    var here = new Node.Place(
        s.text("SLUICE_CLUSTER_HOST", "127.0.0.1", "the address that the other processes reach this one's event bus at"),
        s.number("SLUICE_CLUSTER_PORT", 0, 0, 65535, "port of the cluster's own traffic; 0: the first free from 5701"),
        s.number("SLUICE_CLUSTER_PUBLIC_PORT", 0, 0, 65535, "the port that the others reach it at, where that is another one; 0: the same"),
        s.number("SLUICE_BUS_PORT", 0, 0, 65535, "port of the event bus; 0: any free one"),
        s.number("SLUICE_BUS_PUBLIC_PORT", 0, 0, 65535, "the port that the others reach it at, where that is another one; 0: the same"));
    return new Cluster(here,
        s.places("SLUICE_CLUSTER_MEMBERS", NEIGHBOURS, "host:port[,host:port] of the processes that may be there"),
        s.number("SLUICE_CLUSTER_PARTITIONS", Node.PARTITIONS, 1, 1_021,
            "partitions of what the cluster keeps, the same number in all its processes; those before 2026-11-27 have 271"));
  }
}
