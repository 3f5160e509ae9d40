package dev.sluice.planner.domain;

import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanHeader;
import dev.sluice.contract.PlanMember;
import dev.sluice.contract.VersionRef;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// One revision of a plan, whole: what is the same for all members, and the members in plan order.
public record Revision(PlanHeader header, List<PlanMember> members) {
  /// The characters of one chunk's JSON at most, about, and of one member's without its id: so never more than 3,600 members in a chunk.
  private static final int CHUNK_CHARACTERS = 256 << 10;
  private static final int MEMBER_CHARACTERS = 72;

  /// The revision that follows from its basis and the eligible instances; the same for any order of the candidates.
  public static Revision make(Basis basis, List<Candidate> eligible) {
    var inputs = basis.inputs();
    var origins = new LinkedHashMap<String, Integer>();
    var versions = new ArrayList<VersionRef>();
    var members = new ArrayList<PlanMember>(eligible.size());
    for (var candidate : Batches.spread(eligible)) {
      var origin = origins.computeIfAbsent(candidate.origin().id().value(), _ -> {
        versions.add(candidate.origin());
        return versions.size() - 1;
      });
      members.add(new PlanMember(candidate.instanceId(), origin, candidate.generation(), candidate.drifted()));
    }
    var slices = Batches.cut(members.size(), inputs);
    long noWayBack = eligible.stream().filter(c -> c.origin().id().equals(basis.target().id())).count();
    var header = new PlanHeader(basis.rolloutId(), basis.revision(), PlanHash.of(inputs, versions, members), inputs, basis.target(),
        versions, basis.templateVersion(), slices, Estimate.totalSeconds(slices, inputs), basis.policy(), basis.byModel(), basis.madeBy(),
        basis.madeAt(), Warnings.of(inputs, slices, basis.heartbeatIntervalSec(), noWayBack));
    return new Revision(header, members);
  }

  /// The revision as facts: its members in chunks, then its header.
  public List<PlanEvent> events() {
    var events = new ArrayList<PlanEvent>();
    int from = 0;
    int characters = 0;
    for (int i = 0; i < members.size(); i++) {
      int more = members.get(i).instanceId().value().length() + MEMBER_CHARACTERS;
      if (characters + more > CHUNK_CHARACTERS) {
        events.add(chunk(from, i));
        from = i;
        characters = 0;
      }
      characters += more;
    }
    if (from < members.size()) events.add(chunk(from, members.size()));
    events.add(new PlanEvent.RevisionPlanned(header.rolloutId(), header));
    return events;
  }

  private PlanEvent chunk(int from, int to) {
    return new PlanEvent.MembersPlanned(header.rolloutId(), header.revision(), header.planHash(), from, members.subList(from, to));
  }
}
