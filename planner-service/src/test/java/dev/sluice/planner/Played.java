package dev.sluice.planner;

import dev.sluice.contract.Ask.FleetMember;
import dev.sluice.contract.Ask.FleetPage;
import dev.sluice.contract.Ask.FleetSlice;
import dev.sluice.contract.Digest;
import dev.sluice.contract.InstanceId;
import dev.sluice.contract.VersionId;
import dev.sluice.contract.VersionRef;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/// A fleet that is played: instances of the template `web` with nginx.
final class Played {
  static final VersionRef V1 = new VersionRef(new VersionId("v1"), "1.24.0", new Digest(World.OLD), null);
  static final VersionRef V2 = new VersionRef(new VersionId("v2"), "1.26.0", new Digest(World.NEW), null);
  private static final Comparator<FleetMember> BY_ID = Comparator.comparing(m -> m.instanceId().value());
  /// How often the whole was asked for.
  final AtomicInteger settled = new AtomicInteger();
  private volatile List<FleetMember> members = List.of();
  /// What happens once while the fleet is read.
  private final AtomicReference<Runnable> meanwhile = new AtomicReference<>(() -> {});

  /// So many running instances on 1.24.0, in three zones.
  void running(int n) {
    var all = new ArrayList<FleetMember>();
    for (int i = 0; i < n; i++)
      all.add(member("i-" + Integer.toString(10_000_000 + i).substring(1), "running", V1, World.OLD, "z" + i % 3));
    members = all;
  }

  void none() { members = List.of(); }

  void add(String id, String status, VersionRef desired, String runs) { add(member(id, status, desired, runs, "z0")); }

  /// One that ran 1.24.0 when it was last heard, longer than three intervals ago.
  void silent(String id) {
    var heard = member(id, "running", V1, World.OLD, "z0");
    add(new FleetMember(heard.instanceId(), heard.status(), false, true, V1, heard.generation(), heard.runningDigest(), heard.label()));
  }

  private void add(FleetMember one) {
    var all = new ArrayList<>(members);
    all.add(one);
    all.sort(BY_ID);
    members = all;
  }

  private static FleetMember member(String id, String status, VersionRef desired, String runs, String zone) {
    return new FleetMember(new InstanceId(id), status, runs == null, false, desired, desired == null ? 0 : 1,
        runs == null ? null : new Digest(runs), zone);
  }

  /// When it is read next, this happens first; the answer is as it was before.
  void meanwhile(Runnable happens) { meanwhile.set(happens); }

  FleetPage slice(FleetSlice ask) {
    if (ask.settle()) settled.incrementAndGet();
    var all = members;
    meanwhile.getAndSet(() -> {}).run();
    int from = ask.after() == null ? 0 : 1 + place(all, ask.after());
    var page = all.subList(from, Math.min(all.size(), from + ask.limit() + 1));
    boolean more = page.size() > ask.limit();
    var shown = more ? page.subList(0, ask.limit()) : page;
    return new FleetPage(shown, more ? shown.getLast().instanceId() : null);
  }

  private static int place(List<FleetMember> all, InstanceId id) {
    return Collections.binarySearch(all, new FleetMember(id, "", false, false, null, 0, null, ""), BY_ID);
  }
}
